"""Measures loading and building side by side: `python -m bench`."""
