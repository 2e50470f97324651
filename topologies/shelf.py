"""A shelf of a warehouse: what is to be had of an article, what is put aside, what has gone. Knows no events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from topologies.events import OrderLine

PLENTY = 100_000


class Shelf(Struct, frozen=True):
    """The pieces of an article in a warehouse: to be had, put aside, and gone to customers."""

    free: int = PLENTY
    reserved: int = 0
    shipped: int = 0


class Reservation(Struct, frozen=True):
    """What was put aside for an order, and what has become of it."""

    pieces: dict[str, int]
    ended: Literal["", "refused", "shipped", "released"] = ""


def wanted(lines: Iterable[OrderLine]) -> dict[str, int]:
    """Pieces by article; an article may stand on several lines."""
    pieces: dict[str, int] = {}
    for line in lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return pieces


def short(pieces: Mapping[str, int], shelves: Mapping[str, Shelf]) -> str | None:
    """The first article of which there is too little."""
    return next((sku for sku, number in pieces.items() if shelves[sku].free < number), None)


def reserve(shelf: Shelf, pieces: int) -> Shelf:
    """The shelf with so many pieces put aside."""
    return replace(shelf, free=shelf.free - pieces, reserved=shelf.reserved + pieces)


def ship(shelf: Shelf, pieces: int) -> Shelf:
    """The shelf without what was put aside."""
    return replace(shelf, reserved=shelf.reserved - pieces, shipped=shelf.shipped + pieces)


def release(shelf: Shelf, pieces: int) -> Shelf:
    """The shelf with what was put aside to be had again."""
    return replace(shelf, free=shelf.free + pieces, reserved=shelf.reserved - pieces)
