"""One module a command: it parses and prints, functions elsewhere do the work."""
