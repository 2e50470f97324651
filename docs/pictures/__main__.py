"""Draws all pictures of time, or those of the pages that are named."""

from __future__ import annotations

import sys

from docs.pictures.catalogue import PICTURES
from docs.pictures.page import DOCS

FOLDER = DOCS / "images" / "time"


def main(pages: list[str]) -> None:
    """Writes the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if not pages or picture.page in pages:
            (FOLDER / f"{picture.page}.svg").write_text(picture.svg(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
