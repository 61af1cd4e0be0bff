"""The user's own CloudTrail table on Athena or Trino: its definition, and a check of the whole."""
