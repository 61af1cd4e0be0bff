"""A real Trino server on this machine, started for the tests and stopped after them.

By hand: `PYTHONPATH=tests python -m engines.trino_server` starts one and prints its address.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from engines.trino_client import TrinoClient
from engines.trino_install import NoTrino, installed_server, java_home

_START_SECONDS = 180
_TRIES = 3
_MEMORY = "1500M"

# Short-lived: the simple collector, a small heap. Trino writes classes for each query: once their
# code fills the cache, Java only interprets.
_JVM = """\
-Xmx{memory}
-XX:+UseSerialGC
-XX:ReservedCodeCacheSize=512M
-Djdk.attach.allowAttachSelf=true
--enable-native-access=ALL-UNNAMED
--add-modules=jdk.incubator.vector
--sun-misc-unsafe-memory-access=allow
"""

# Catalogs come and go while the server runs, so that each test has its own. There is hardly any
# data: many tasks for a query, or the search for the best order of joins, cost more than they save.
# Ten thousand compiled expressions, its own bound, are more than the heap holds: each names days.
_CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
catalog.management=dynamic
catalog.store=memory
query.max-history={kept_queries}
task.concurrency=1
task.max-worker-threads=2
optimizer.join-reordering-strategy=NONE
query.min-expire-age=10s
compiler.expression-cache-size=500
http-server.max-request-header-size=1MB
"""

_NODE = """\
node.environment=trailhound
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
node.data-dir={data}
"""


@dataclass(frozen=True)
class TrinoServer:
    """A server that answers at `url`."""

    url: str
    folder: Path
    """What it writes, its log among it."""
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def client(self, catalog: str | None = None, schema: str | None = None) -> TrinoClient:
        """A client whose bare names are of this catalog and schema."""
        return TrinoClient(self.url, catalog, schema)

    def add_catalog(self, name: str, connector: str, properties: dict[str, str]) -> None:
        """Make a catalog, until the server stops."""
        settings = ", ".join(f"\"{key}\" = '{value}'" for key, value in properties.items())
        self.client().execute(f"create catalog {name} using {connector} with ({settings})")

    def stop(self) -> None:
        """End the process; what it wrote goes too."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running_trino(kept_queries: int = 10, memory: str = _MEMORY) -> Iterator[TrinoServer]:
    """A server for the time of the block. Raises NoTrino if this machine cannot run one.

    kept_queries: of how many queries that ended it can tell, each of which takes some megabytes.
    memory: of Java's heap.
    """
    server = start_trino(kept_queries, memory)
    try:
        yield server
    finally:
        server.stop()


def start_trino(kept_queries: int = 10, memory: str = _MEMORY) -> TrinoServer:
    """Fetch Trino if need be, start it on a free port and wait until it answers.

    Raises NoTrino if this machine cannot run one, RuntimeError with the log's end if it fails.
    """
    java, home = java_home(), installed_server()
    for _ in range(_TRIES):
        server = _launch(java, home, free_port(), kept_queries, memory)
        if _answers(server):
            return server
        log = _log(server)
        server.stop()
        # Somebody else took the port between our look and the server's.
        if "Failed to bind" not in log and "Address already in use" not in log:
            break
    raise RuntimeError(f"Trino does not start:\n{log[-4000:]}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _launch(java: Path, home: Path, port: int, kept_queries: int, memory: str) -> TrinoServer:
    folder = Path(tempfile.mkdtemp(prefix="trailhound-trino-"))
    etc, data = folder / "etc", folder / "data"
    etc.mkdir()
    (etc / "jvm.config").write_text(_JVM.format(memory=memory))
    (etc / "config.properties").write_text(_CONFIG.format(port=port, kept_queries=kept_queries))
    (etc / "node.properties").write_text(_NODE.format(data=data))
    # In the foreground the launcher becomes the Java process: the pid is the server's.
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / "launcher"), "run", "--etc-dir", str(etc)],
            env={
                **os.environ,
                "JAVA_HOME": str(java),
                "PATH": f"{java / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return TrinoServer(f"http://127.0.0.1:{port}", folder, process)


def _answers(server: TrinoServer) -> bool:
    """Wait until the server is ready; False if it ended or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException, ValueError, KeyError):
            if not requests.get(f"{server.url}/v1/info", timeout=2).json()["starting"]:
                return True
        time.sleep(0.2)
    return False


def _log(server: TrinoServer) -> str:
    return (server.folder / "server.log").read_text(errors="replace")


def local_files(folder: Path) -> dict[str, str]:
    """Properties of a catalog whose tables and metastore are files in a folder of this machine."""
    return {
        "hive.metastore.catalog.dir": "local:///metastore",
        "fs.native-local.enabled": "true",
        "local.location": str(folder),
    }


def iceberg_on_files(folder: Path) -> dict[str, str]:
    """Properties of an Iceberg catalog without any service beside it."""
    versions = ("delete-after-commit.enabled", "previous-versions-max")
    return {
        "iceberg.catalog.type": "TESTING_FILE_METASTORE",
        **local_files(folder),
        "iceberg.allowed-extra-properties": ",".join(f"write.metadata.{each}" for each in versions),
    }


def hive_on_files(folder: Path) -> dict[str, str]:
    """Properties of a Hive catalog that reads files as somebody else wrote them."""
    return {
        "hive.metastore": "file",
        **local_files(folder),
        "hive.non-managed-table-writes-enabled": "true",
        "hive.recursive-directories": "true",
        "hive.partition-projection-enabled": "true",
        "hive.ignore-absent-partitions": "true",
    }


if __name__ == "__main__":
    try:
        with running_trino() as trino:
            print(trino.url, flush=True)
            trino.process.wait()
    except NoTrino as lack:
        raise SystemExit(str(lack)) from lack
    except KeyboardInterrupt:
        pass
