"""The pictures of time are those that their pages' examples give today."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from docs.pictures.__main__ import FOLDER
from docs.pictures.catalogue import PICTURES
from docs.pictures.page import OPERATORS, Page, read
from docs.pictures.picture import Picture

PLAIN = {"README.md", "topology.md"}
"""Pages on which nothing happens in time."""

MOST_BYTES = 20_000


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.page)
def test_is_up_to_date(picture: Picture) -> None:
    """A rule that changes changes a picture: look at it, then run scripts/pictures."""
    drawn, kept = picture.svg(), (FOLDER / f"{picture.page}.svg").read_text(encoding="utf-8")
    assert drawn == kept, f"{picture.page}.svg is not what the example gives: look at it, then run scripts/pictures"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.page)
def test_is_small_and_well_formed(picture: Picture) -> None:
    """A page loads at once, and a browser can read it."""
    text = (FOLDER / f"{picture.page}.svg").read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert ElementTree.fromstring(text).get("width") == "700"  # noqa: S314 - our own file


def test_every_page_shows_its_picture() -> None:
    """Each page on an operator shows the picture that bears its name, and no file is left over."""
    pages = {path.name for path in OPERATORS.glob("*.md")} - PLAIN
    for name in sorted(pages):
        shown = re.findall(r"!\[[^]]+]\(../../images/time/([\w-]+)\.svg\)", read(OPERATORS / name).text)
        assert shown == [name.removesuffix(".md")]
    assert {f"{picture.page}.md" for picture in PICTURES} == pages
    assert {path.stem for path in FOLDER.iterdir()} == {picture.page for picture in PICTURES}


def test_another_rule_gives_another_picture() -> None:
    """Without grace a record that was in time is late, and the picture says so."""
    picture = next(one for one in PICTURES if one.page == "tumbling")
    page = read(OPERATORS / "tumbling.md")
    other = picture.drawn(Page(page.path, page.text.replace("grace=5 * SECOND", "grace=0")))
    assert other != picture.svg()
    assert "ada d (late)" in other
