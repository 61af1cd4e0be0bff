"""With a password both dbt and the command line verify the certificate of Trino's server."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support import Invoke


class _Nobody(BaseHTTPRequestHandler):
    """Knows nobody's password."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a server, and its certificate, which no authority signed."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Nobody)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening.server_port, certificate
    listening.shutdown()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("command", ["alerts", "run"])
@pytest.mark.parametrize("is_known", [False, True])
def test_a_server_that_nobody_vouches_for_gets_no_password(
    invoke: Invoke,
    server: tuple[int, Path],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    *,
    is_known: bool,
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # what they say goes before all else
        monkeypatch.delenv(name, raising=False)
    port, certificate = server
    monkeypatch.setenv("TRAILHOUND_TARGET", "trino")
    monkeypatch.setenv("TRAILHOUND_TRINO_PORT", str(port))
    monkeypatch.setenv("TRAILHOUND_TRINO_PASSWORD", "secret")
    if is_known:
        monkeypatch.setenv("TRAILHOUND_TRINO_CA_FILE", str(certificate))
    said = invoke(command, code=1).stderr
    assert ("certificate verify failed" in said.lower()) != is_known, said
    # As a word: a port may end so.
    assert bool(re.search(r"\b401\b", said)) == is_known, said
