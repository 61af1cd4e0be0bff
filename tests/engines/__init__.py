"""The project on real engines: a Trino server of our own, and a stand-in for Athena's API on it."""
