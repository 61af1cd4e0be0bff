"""Finding a Java and fetching Trino's server from Maven: what a machine needs before one starts."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

VERSION = "476"
NEEDED_JAVA = 24
PLUGINS = {"hive", "iceberg"}
ROOT = Path(__file__).resolve().parents[2]

_PLUGIN_TO_FETCH = "org.apache.maven.plugins:maven-dependency-plugin:2.8"


class NoTrino(Exception):
    """This machine lacks what a Trino server needs; the message says what and how to get it."""


def cache_folder() -> Path:
    """Where the server is kept: TRAILHOUND_TRINO_CACHE, else .cache/trino of the project."""
    given = os.environ.get("TRAILHOUND_TRINO_CACHE")
    return Path(given).absolute() if given else ROOT / ".cache" / "trino"


def java_home() -> Path:
    """The first JDK that is new enough: TRINO_JAVA_HOME, JAVA_HOME, then what is installed.

    Raises NoTrino if there is none.
    """
    seen = []
    for home in _java_homes():
        version = _java_version(home)
        if version >= NEEDED_JAVA:
            return home
        seen.append(f"{home} ({version or 'unknown'})")
    raise NoTrino(
        f"Trino {VERSION} needs a JDK of version {NEEDED_JAVA} or later; set TRINO_JAVA_HOME. "
        f"Found: {', '.join(seen) or 'none'}"
    )


def _java_homes() -> Iterator[Path]:
    for name in ("TRINO_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parents[1]
    yield from sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    yield from sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"))


def _java_version(home: Path) -> int:
    """The feature version that a JDK's `release` file tells, 0 if it is no JDK."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").exists() else 0


def installed_server() -> Path:
    """The folder of the server, fetched and trimmed to the plugins that the tests use if need be.

    Raises NoTrino if Maven is missing or does not get it.
    """
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    home, unfinished = cache / f"trino-server-{VERSION}", cache / "unfinished"
    # Each of pytest's workers may be the first to need it: one fetches, the others wait.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
            _unpack(_fetch(unfinished), unfinished)
            (unfinished / home.name).replace(home)
            unfinished.rmdir()
    return home


def _fetch(folder: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoTrino("Maven (mvn) is needed to fetch Trino's server")
    done = subprocess.run(
        [
            maven,
            *("--batch-mode", "--quiet", f"{_PLUGIN_TO_FETCH}:copy"),
            f"-Dartifact=io.trino:trino-server:{VERSION}:tar.gz",
            f"-DoutputDirectory={folder}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    archive = folder / f"trino-server-{VERSION}.tar.gz"
    if done.returncode or not archive.is_file():
        raise NoTrino(f"Maven did not get Trino's server: {(done.stdout + done.stderr)[-2000:]}")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack everything, then delete: plugins share files by hard links to each other's."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="tar")
    archive.unlink()
    for plugin in (folder / f"trino-server-{VERSION}" / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)
