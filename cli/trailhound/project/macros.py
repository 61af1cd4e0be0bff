"""The project's words in SQL without dbt: for queries that are made of hundreds of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from trailhound.errors import TrailhoundError

# The folders of the words that need no connection and no graph.
_FOLDERS = ("cross_db", "detection")
_MACRO = re.compile(r"\{%-? macro (\w+)\(")


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class Macros:
    """Renders Jinja that calls `trailhound.WORD(...)`, as dbt does for a target.

    macros:       the project's folder of macros
    target_type:  duckdb, trino or athena
    variables:    dbt variables in force
    """

    def __init__(self, macros: Path, target_type: str, variables: Mapping[str, Any]) -> None:
        self._engine = target_type
        self._found: dict[str, Callable[..., Any]] = {}
        self._environment = Environment(  # noqa: S701 - it writes SQL, no HTML
            extensions=["jinja2.ext.do"], undefined=StrictUndefined
        )
        self._environment.globals.update(
            trailhound=self,
            adapter=self,
            modules={"re": re},
            var=lambda name, default=None: variables.get(name, default),
            **{"return": self._return},
        )
        self._files = {
            name: path
            for folder in _FOLDERS
            for path in sorted((macros / folder).glob("*.sql"))
            for name in _MACRO.findall(path.read_text(encoding="utf-8"))
        }

    def render(self, text: str) -> str:
        """The SQL of a text. Raises TrailhoundError for a word that there is not."""
        return self._environment.from_string(text).render()

    def dispatch(self, name: str, package: str) -> Callable[..., Any]:  # noqa: ARG002 - as dbt's
        """The body of a word for the target."""
        own = f"{self._engine}__{name}"
        return self._word(own if own in self._files else f"default__{name}")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._word(name)

    def _word(self, name: str) -> Callable[..., Any]:
        if name not in self._files:
            raise TrailhoundError(f"the project has no macro '{name}'")
        if name not in self._found:
            text = self._files[name].read_text(encoding="utf-8")
            module = self._environment.from_string(text).module
            for each in _MACRO.findall(text):
                self._found[each] = _returning(getattr(module, each))
        return self._found[name]

    @staticmethod
    def _return(value: Any) -> None:
        raise _Return(value)


def _returning(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except _Return as returned:
            return returned.value

    return call
