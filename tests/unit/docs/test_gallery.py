"""The gallery: every topology of the shop has a page, with its picture as it is today and its code as it is."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.pictures.gallery import DRAWINGS
from docs.pictures.page import DOCS, read
from docs.pictures.topology import FOLDER

GALLERY = DOCS / "gallery"
ROOT = DOCS.parent

DRAWN = sorted(path.stem for path in FOLDER.iterdir())
PAGES = sorted(path for path in GALLERY.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_up_to_date(name: str) -> None:
    """A step that changes changes the picture: look at it, then run scripts/pictures."""
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert text == DRAWINGS[name](), f"{name}.svg is old: look at it, then run scripts/pictures"
    assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own file


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_code_that_is_shown_is_code_that_runs(path: Path) -> None:
    """Each excerpt stands letter for letter in the file that its page names first."""
    page = read(path)
    (name, *_) = re.findall(r"`(topologies/[\w/]+\.py)`", page.text)
    code = (ROOT / name).read_text(encoding="utf-8")
    for block in page.blocks:
        if block.kind == "python excerpt":
            assert block.body in code, f"{page.path}:{block.line} is not in {name}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_its_picture(path: Path) -> None:
    """The one of its topology, or of its service."""
    assert f"](../images/topologies/{path.stem}.svg)" in path.read_text(encoding="utf-8")


def test_the_list_of_the_gallery_is_complete() -> None:
    """Every page is linked."""
    listed = re.findall(r"\]\(([\w-]+)\.md\)", read(GALLERY / "README.md").text)
    assert set(listed) == {path.stem for path in PAGES}
