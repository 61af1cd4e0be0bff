"""Reading whatever the fast way does not take on trust."""
