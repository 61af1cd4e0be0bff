"""The documentation is fresh and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import ROOT, run_in

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "detections").glob("*.md")),
    *sorted((ROOT / "seeds").glob("*.md")),
]
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_generated_parts_are_fresh() -> None:
    done = run_in(ROOT)("python", "docs/generate.py", "--check", check=False)
    assert done.returncode == 0, f"{done.stdout}run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            headings = [slug(each) for each in HEADING.findall(target.read_text(encoding="utf-8"))]
            assert anchor in headings, link


def test_every_page_is_found_from_the_first() -> None:
    found, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        found.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in links}
        new |= {each for each in linked if each.suffix == ".md"} - found
    assert set(PAGES) <= found


def slug(heading: str) -> str:
    """A heading's anchor, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
