"""Where files come from: folders, archives, object stores, standard input."""
