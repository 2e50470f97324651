"""Draws all pictures of time, or those of the pages that are named; and those of the topologies in the gallery."""

from __future__ import annotations

import sys

from docs.pictures.catalogue import PICTURES
from docs.pictures.gallery import DRAWINGS
from docs.pictures.page import DOCS
from docs.pictures.topology import FOLDER as TOPOLOGIES_FOLDER

FOLDER = DOCS / "images" / "time"


def main(pages: list[str]) -> None:
    """Writes the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if not pages or picture.page in pages:
            (FOLDER / f"{picture.page}.svg").write_text(picture.svg(), encoding="utf-8")
    TOPOLOGIES_FOLDER.mkdir(parents=True, exist_ok=True)
    for page, draw in DRAWINGS.items():
        if not pages or page in pages:
            (TOPOLOGIES_FOLDER / f"{page}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
