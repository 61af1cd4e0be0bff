"""The project's macros and some models as dbt renders them for DuckDB, and a database."""

from __future__ import annotations

import json
from collections import UserDict
from collections.abc import Iterator

import duckdb
import pytest

from support import ROOT, dbt, project_with

# name: the call that renders it. Columns and relations are those of the tests.
_CALLS = {
    "address_hex": "trailhound.address_hex('txt')",
    "glob_match": "trailhound.glob_match('txt', 'pattern')",
    "iso_utc": "trailhound.iso_utc('t')",
    "range_first": "trailhound.range_end('address', 'bits', '0')",
    "range_last": "trailhound.range_end('address', 'bits', 'f')",
    "address_hex_of_source": "trailhound.address_hex('source_ip')",
    "allow_list_match": "trailhound.allow_list_match('event', 'allow')",
    "is_foreign": "trailhound.is_foreign('account', 'own')",
    "is_outside_aws": "trailhound.is_outside_aws('event', 'address')",
    "range_codes": "trailhound.range_codes('addresses', 'country_ranges')",
    "default_range_codes": "trailhound.default__range_codes('addresses', 'country_ranges')",
    "trino_address_hex": "trailhound.trino__address_hex('txt')",
    "athena_address_hex": "trailhound.athena__address_hex('txt')",
}


_MODELS = ("tuning/allow_list_rows", "tuning/threshold_rules", "facts/source_addresses")


class Rendered(UserDict[str, str]):
    """SQL by name; short where pytest shows it."""

    def __repr__(self) -> str:
        return f"Rendered({', '.join(self)})"


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The SQL of each macro call and each model above: one run of dbt for all of them."""
    folder = tmp_path_factory.mktemp("dbt")
    project = project_with([], folder / "project")
    paths = [ROOT / "models" / f"{name}.sql" for name in _MODELS]
    models = "".join(
        f"{{% set {path.stem} %}}{path.read_text(encoding='utf-8')}{{% endset %}}" for path in paths
    )
    calls = {**_CALLS, **{path.stem: path.stem for path in paths}}
    pairs = ", ".join(f"'{name}': {call}" for name, call in calls.items())
    done = dbt(
        *("--quiet", "compile", "--output", "json", "--no-introspect"),
        *("--inline", f"{models}{{{{ tojson({{{pairs}}}) }}}}"),
        *("--project-dir", project, "--profiles-dir", project),
        *("--target", "duckdb", "--target-path", folder, "--log-path", folder),
        TRAILHOUND_STORE=":memory:",
    )
    assert done.exit_code == 0, done.output
    compiled = json.loads(done.stdout)["compiled"]
    return Rendered(json.loads(compiled))


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory, where dbt's relations are called "memory"."main"."name"."""
    with duckdb.connect() as connection:
        yield connection
