"""Questions to what was built."""
