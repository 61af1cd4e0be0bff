"""A local S3 server that lists the files of a folder, hands them out, and fails now and then."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "trail"
_PAGE = 1000  # entries of a listing, as S3's


class ObjectStore(ThreadingHTTPServer):
    """The files below a folder as objects of BUCKET; each so-manieth request is told to slow down.

    `asked` counts the requests by kind: list, GET, HEAD, and those that failed.
    """

    request_queue_size = 128

    def __init__(self, folder: Path, fails_each: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        files = (path for path in folder.rglob("*") if path.is_file())
        self.keys = sorted(path.relative_to(folder).as_posix() for path in files)
        self.fails_each, self.number = fails_each, count(1)
        self.asked: Counter[str] = Counter()

    @property
    def environment(self) -> dict[str, str]:
        """What AWS's clients read to come here."""
        return client_environment(f"http://127.0.0.1:{self.server_port}")


def client_environment(url: str) -> dict[str, str]:
    """What AWS's clients read to come to a server of one's own."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextmanager
def serving(folder: Path, fails_each: int) -> Iterator[ObjectStore]:
    """A server for the time of the block."""
    server = ObjectStore(folder, fails_each)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answer(BaseHTTPRequestHandler):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, and GetObject."""

    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        key = unquote(url.path).removeprefix(f"/{BUCKET}").lstrip("/")
        self.server.asked["GET" if key else "list"] += 1
        if next(self.server.number) % self.server.fails_each == 0:
            self.server.asked["failed"] += 1
            self._send(503, b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")
        elif not key:
            self._send(200, self._listing(query))
        elif (path := self.server.folder / key).is_file():
            self._send(200, path.read_bytes())
        else:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self.server.asked["HEAD"] += 1
        self._send(404, b"")

    def _listing(self, query: Mapping[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        keys, entries = self.server.keys, list[str]()
        at = bisect_left(keys, query.get("continuation-token", prefix))
        while at < len(keys) and keys[at].startswith(prefix) and len(entries) < _PAGE:
            below, slash, _rest = keys[at][len(prefix) :].partition(delimiter or "\0")
            if slash:
                folder = escape(prefix + below + slash)
                entries.append(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")
                at = bisect_left(keys, prefix + below + chr(ord(delimiter) + 1))
            else:
                size = (self.server.folder / keys[at]).stat().st_size
                entries.append(
                    f"<Contents><Key>{escape(keys[at])}</Key><Size>{size}</Size>"
                    f"<ETag>&quot;{at:032x}&quot;</ETag>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
                at += 1
        more = at < len(keys) and keys[at].startswith(prefix)
        token = f"<NextContinuationToken>{escape(keys[at])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{''.join(entries)}</ListBucketResult>"
        ).encode()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
