"""trailhound: AWS CloudTrail threat detection as dbt SQL, on DuckDB, Trino and Athena."""


def __getattr__(name: str) -> str:
    """The version: to look it up takes longer than to read a key's events."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version

    return version("trailhound")
