"""Values and types as Athena spells them, from Trino's own."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

_ATHENA_NAMES = {"real": "float"}
_HIVE_NAMES = {
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "varchar": "string",
    "char": "string",
    "json": "string",
}


def athena_type(signature: dict[str, Any]) -> str:
    """The type that GetQueryResults names, from Trino's signature of a column."""
    raw = str(signature["rawType"])
    return _ATHENA_NAMES.get(raw, raw)


def athena_text(value: Any, signature: dict[str, Any]) -> str | None:
    """The text that GetQueryResults holds for a value; None for null."""
    return None if value is None else _text(value, signature)


def _text(value: Any, signature: dict[str, Any]) -> str:
    """The same inside a value, where null is a word."""
    kind = signature["rawType"]
    arguments = [argument["value"] for argument in signature.get("arguments", ())]
    text = str(value)
    if value is None:
        text = "null"
    elif kind == "boolean":
        text = text.lower()
    elif kind == "varbinary":
        text = " ".join(f"{byte:02x}" for byte in base64.b64decode(value))
    elif kind == "array":
        text = f"[{', '.join(_text(each, arguments[0]) for each in value)}]"
    elif kind == "map":
        text = _in_braces((key, _text(each, arguments[1])) for key, each in value.items())
    elif kind == "row":
        text = _in_braces(
            (_field_name(argument, place), _text(each, argument["typeSignature"]))
            for place, (each, argument) in enumerate(zip(value, arguments, strict=True))
        )
    return text


def _in_braces(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{name}={text}" for name, text in pairs) + "}"


def _field_name(argument: dict[str, Any], place: int) -> str:
    return str((argument.get("fieldName") or {}).get("name", f"field{place}"))


def hive_type(trino_type: str) -> str:
    """Glue's name of a type: `row(a varchar)` is `struct<a:string>`."""
    name, _, inner = trino_type.partition("(")
    name, inner = name.strip().lower(), inner.removesuffix(")")
    if name == "array":
        return f"array<{hive_type(inner)}>"
    if name == "map":
        return f"map<{','.join(map(hive_type, split_outside(inner)))}>"
    if name == "row":
        return f"struct<{','.join(map(_hive_field, split_outside(inner)))}>"
    if name.startswith("timestamp"):
        return "string" if "with time zone" in trino_type else "timestamp"
    if name == "decimal":
        return f"decimal({inner.replace(' ', '')})"
    return _HIVE_NAMES.get(name, name)


def _hive_field(field: str) -> str:
    found = re.fullmatch(r'("(?:[^"]|"")+"|\w+)\s+(.+)', field, re.DOTALL)
    if found is None:
        raise ValueError(f"not a row's field: {field}")
    return f"{found[1].strip(chr(34)).lower()}:{hive_type(found[2])}"


def split_outside(text: str, separator: str = ",") -> list[str]:
    """Split at separators that stand outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "(<[":
            depth += 1
        elif sign in ")>]":
            depth -= 1
        elif sign == separator and depth == 0:
            parts.append("")
            continue
        parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]
