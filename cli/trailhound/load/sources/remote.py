"""Files in object stores, by fsspec: listed and fetched many at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, cast

from trailhound.errors import first_line
from trailhound.load.result import LoadError, NoSuchFile
from trailhound.load.sources.files import Days, Listing, Source

AT_ONCE = 16
"""Requests under way at a time, for listing and for fetching."""

_WHOLE = 8 << 20  # bytes up to which an object is fetched by one request


def is_remote(path: str) -> bool:
    """Whether a path is a URL as `s3://bucket/prefix`."""
    return "://" in path


@contextmanager
def store_errors(path: str) -> Iterator[None]:
    """Turn what goes wrong at a path or URL into a LoadError of one line that names it."""
    try:
        yield
    except LoadError:
        raise
    except ImportError as error:
        raise LoadError(f"{path} needs `pip install 'trailhound[s3]'` ({error})") from error
    except Exception as error:  # each store's client has its own family of errors
        raise LoadError(f"{path}: {first_line(error)}") from error


def list_remote(path: str, days: Days, listing: Listing) -> None:
    """Add the objects under a URL. Prefixes of other days are not even listed.

    Raises NoSuchFile for nothing, LoadError if the store cannot be reached or refuses.
    """
    import fsspec

    with store_errors(path):
        try:
            # s3fs asks for an object's size before it fetches one in parts, even if in one part.
            options = {"max_concurrency": 1} if path.startswith(("s3:", "s3a:")) else {}
            system, root = fsspec.url_to_fs(path, use_listings_cache=False, **options)
            found = list(_found(system, root, days))
        except FileNotFoundError as error:
            raise NoSuchFile(f"no such file or folder: {path}") from error
    if not found:
        raise days.no_file_under(path)
    for about in found:
        listing.add(_source(system, about))


def _found(system: Any, root: str, days: Days) -> Iterator[dict[str, Any]]:
    """The objects under a prefix, or those a glob matches, level by level."""
    if any(char in root for char in "*?["):
        globbed = system.glob(root, detail=True).values()
        waiting = [each["name"] for each in globbed if each["type"] == "directory"]
        yield from (
            each for each in globbed if each["type"] == "file" and days.hold("/" + each["name"])
        )
    else:
        waiting = [root]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while waiting:
            below = []
            here = set(waiting)
            for entries in pool.map(partial(system.ls, detail=True), waiting):
                for each in entries:
                    is_marker = each["name"].rstrip("/") in here and not each["size"]
                    if is_marker or not days.hold("/" + each["name"]):
                        continue
                    if each["type"] == "directory":
                        below.append(each["name"])
                    else:
                        yield each
            waiting = below


def _source(system: Any, about: dict[str, Any]) -> Source:
    etag = str(about.get("ETag") or about.get("etag") or "").strip('"')
    changed = about.get("LastModified") or about.get("mtime") or ""
    version = f"etag:{etag}" if etag else f"{about['size']}-{changed}"
    fetch = partial(_open, system, about["name"], about["size"], version)
    return Source(system.unstrip_protocol(about["name"]), version, about["size"], fetch, True)


def _open(system: Any, name: str, size: int, version: str) -> tuple[BinaryIO, str]:
    try:
        if size <= _WHOLE:
            return io.BytesIO(system.cat_file(name)), version
        opened = system.open(name, "rb", block_size=_WHOLE, cache_type="readahead")
    except OSError:
        raise
    except Exception as error:  # see list_remote
        raise OSError(first_line(error)) from error
    return cast(BinaryIO, opened), version
