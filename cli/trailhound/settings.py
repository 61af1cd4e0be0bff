"""What the options that every command takes say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_STORE = "trailhound.duckdb"
DEFAULT_MEMORY_LIMIT = "1GB"
"""DuckDB's share; Python takes up to 500 MB beside it. profiles.yml says it to dbt."""


@dataclass
class Settings:
    """What the shared options say. None means: not said."""

    store: Path | None = None
    memory_limit: str | None = None
    target: str | None = None
    project_dir: Path | None = None
    vars: dict[str, Any] = field(default_factory=dict)
    allow_list: Path | None = None
    overrides: Path | None = None
    trusted_accounts: Path | None = None
    countries: Path | None = None
    networks: Path | None = None
    indicators: Path | None = None
    format: str | None = None
    wait: float = 0
    """Seconds to wait for a store that another process holds."""
    quiet: bool = False
    verbose: bool = False

    @property
    def store_path(self) -> Path:
        """The DuckDB file, absolute: dbt changes the working folder while it runs."""
        return (self.store or Path(DEFAULT_STORE)).absolute()

    @property
    def environment(self) -> dict[str, str]:
        """What the project's files are to read by env_var(), whatever the environment says."""
        limit = {"TRAILHOUND_MEMORY_LIMIT": self.memory_limit} if self.memory_limit else {}
        return {"TRAILHOUND_STORE": str(self.store_path), **limit}
