"""The rows of a CSV file that a person wrote, each with its line number."""

from __future__ import annotations

import csv
import io
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


def is_plain(path: Path) -> bool:
    """Whether a file has no byte order mark, no blank line and one kind of line end."""
    data = path.read_bytes()
    return not (data.startswith((b"\xef\xbb\xbf", b"\n")) or b"\r" in data or b"\n\n" in data)


def plain_csv(path: Path) -> bytes:
    """The same rows as every reader of CSV takes them: no mark, no blank line, one kind of end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(fields for _, fields in csv_rows(path))
    return out.getvalue().encode()
