"""Sigma rules of our own, and a plain reading of them."""
