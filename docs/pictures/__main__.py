"""Draws all pictures of time, or those of the pages that are named; and those of the topologies in the gallery."""

from __future__ import annotations

import sys

from docs.pictures.catalogue import PICTURES
from docs.pictures.checkout import drawn_checkout
from docs.pictures.page import DOCS
from docs.pictures.topology import FOLDER as TOPOLOGIES_FOLDER
from docs.pictures.topology import drawn
from topologies import TOPOLOGIES

FOLDER = DOCS / "images" / "time"


def main(pages: list[str]) -> None:
    """Writes the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if not pages or picture.page in pages:
            (FOLDER / f"{picture.page}.svg").write_text(picture.svg(), encoding="utf-8")
    TOPOLOGIES_FOLDER.mkdir(parents=True, exist_ok=True)
    for topology in TOPOLOGIES:
        if (DOCS / "gallery" / f"{topology.name}.md").exists() and (not pages or topology.name in pages):
            (TOPOLOGIES_FOLDER / f"{topology.name}.svg").write_text(drawn(topology), encoding="utf-8")
    if not pages or "checkout" in pages:
        (TOPOLOGIES_FOLDER / "checkout.svg").write_text(drawn_checkout(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
