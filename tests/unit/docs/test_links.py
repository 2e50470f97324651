"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pictures.page import DOCS, read

_LINK = re.compile(r"]\((?!https?:)([^)#]*)(#[^)]*)?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

PAGES = sorted(DOCS.rglob("*.md"))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on GitHub."""
    plain = (re.sub(r"[^\w -]", "", heading.lower()) for heading in _HEADING.findall(read(path).text))
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_leads_somewhere(path: Path) -> None:
    """Files and headings that a page links to are there."""
    for target, anchor in _LINK.findall(read(path).text):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{path}: {target}"
        if anchor:
            assert anchor[1:] in anchors(there), f"{path}: {target}{anchor}"


def test_every_page_is_on_a_map() -> None:
    """Each page is linked from a README of the documentation."""
    maps = [path for path in PAGES if path.name == "README.md"]
    linked = {
        (path.parent / target).resolve() for path in maps for target, _ in _LINK.findall(read(path).text) if target
    }
    assert [path for path in PAGES if path not in linked and path != DOCS / "README.md"] == []
