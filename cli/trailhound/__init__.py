"""trailhound: AWS CloudTrail threat detection as dbt SQL, on DuckDB, Trino and Athena."""

from importlib.metadata import version

__version__ = version("trailhound")
