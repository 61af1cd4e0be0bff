"""The rows of a CSV file that a person wrote, each with its line number."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path


class UnreadableCsv(ValueError):
    """The file is no CSV text; the message is one line that names it."""


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the row begins, its fields), without lines that are empty.

    The file is UTF-8, with a byte order mark or without. Raises UnreadableCsv where it is not, and
    where a quoted field does not end.
    """
    reader_line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for fields in reader:
                if fields:
                    yield reader_line + 1, fields
                reader_line = reader.line_num
    except UnicodeDecodeError as error:
        raise UnreadableCsv(f"{path.name}: it is not UTF-8 text ({error.reason})") from error
    except csv.Error as error:
        raise UnreadableCsv(f"{path.name}, line {reader_line + 1}: {error}") from error
