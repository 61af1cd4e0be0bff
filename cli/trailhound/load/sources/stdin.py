"""Standard input and other streams: kept aside while they are loaded, known by their content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from typing import BinaryIO, cast

from trailhound.load.sources.files import Source


class _Hashing:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)


def keep(stream: BinaryIO) -> Source:
    """Read a stream to its end into a temporary file; its hash is its path and version."""
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (lives as long as the source)
    writer = _Hashing(file)
    shutil.copyfileobj(stream, writer, 1 << 20)
    file.flush()
    digest = writer.digest.hexdigest()

    def reopen() -> tuple[BinaryIO, str]:
        handle = os.fdopen(os.dup(file.fileno()), "rb")
        handle.seek(0)
        return handle, f"sha256:{digest}"

    return Source(f"stdin:{digest[:16]}", f"sha256:{digest}", file.tell(), reopen)
