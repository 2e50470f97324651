"""The pictures of the pages of the gallery, by page, and what draws each. Knows nothing of what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from docs.pictures.checkout import drawn_checkout
from docs.pictures.page import DOCS
from docs.pictures.topology import drawn
from topologies import TOPOLOGIES
from topologies.services import checkout

DRAWINGS: Mapping[str, Callable[[], str]] = {
    **{
        topology.name: partial(drawn, topology)
        for topology in TOPOLOGIES
        if (DOCS / "gallery" / f"{topology.name}.md").exists()
    },
    checkout.service.name: drawn_checkout,
}
