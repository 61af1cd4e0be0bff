"""Help: complete, and fast because it imports nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from trailhound.main import COMMANDS, Command, cli

HEAVY = ("dbt", "duckdb", "pyarrow", "rich", "jinja2", "pydantic", "yaml", "fsspec")


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> Command:
    """One command of trailhound."""
    found = cli.get_command(click.Context(cli), request.param)
    assert isinstance(found, Command)
    return found


def test_every_command_says_what_it_does_and_shows_an_example(command: Command) -> None:
    assert command.help
    assert command.example.startswith(("trailhound ", "aws "))
    assert f"trailhound {command.name}" in command.example


def test_every_option_has_help(command: Command) -> None:
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, param.name
            assert param.help.endswith((".", "]")), param.help


def test_every_command_takes_the_options_of_all(command: Command) -> None:
    names = {name for param in command.params for name in param.opts}
    assert names >= {
        "--store", "--target", "--project-dir", "--vars", "--allow-list", "--overrides",
        "--trusted-accounts", "--countries", "--networks", "--indicators", "--format", "-q",
        "--quiet", "--version",
    }  # fmt: skip


def test_the_list_of_commands_says_of_each_what_it_does() -> None:
    for name, entry in COMMANDS.items():
        assert entry.help.endswith("."), name


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(arguments) & set(HEAVY) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_neither_dbt_nor_a_database(name: str) -> None:
    assert imported_by([name, "--help"]) & {"dbt", "duckdb", "pyarrow"} == set()


def test_list_and_alerts_do_not_import_dbt(tmp_path: Path) -> None:
    assert "dbt" not in imported_by(["list"], tmp_path)
    assert "dbt" not in imported_by(["alerts"], tmp_path)


def test_a_table_is_printed_without_what_takes_long_to_import(tmp_path: Path) -> None:
    modules = modules_of(["list"], tmp_path)
    assert "trailhound.formats.table" in modules
    assert modules & {"rich.console", "rich.text", "jinja2"} == set()


def test_the_version(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert re.fullmatch(r"trailhound \d+\.\d+\.\d+\n", run("trailhound", "--version").stdout)


def imported_by(arguments: list[str], folder: Path | None = None) -> set[str]:
    """The top-level modules that a command imports, in a process of its own."""
    return {name.partition(".")[0] for name in modules_of(arguments, folder)}


def modules_of(arguments: list[str], folder: Path | None = None) -> set[str]:
    """As `imported_by`, all modules by their whole names."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: sys.stderr.write('\\nIMPORTED ' + ' '.join(sys.modules)))\n"
        f"sys.argv = ['trailhound', *{arguments!r}]\n"
        "from trailhound.main import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    modules = done.stderr.rpartition("IMPORTED ")[2].split()
    assert "trailhound.main" in modules, done.stderr
    return set(modules)
