"""Records that cannot be decoded, are of another shape, have no key, or make a function raise half-way."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec

from tests.chaos.checking import check_once
from tests.chaos.events import START, Sent
from tests.chaos.order import Order
from tests.chaos.pipeline import Event
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

ONE_IN = 100


async def poison(order: Order) -> Outcome:
    """One record in a hundred; dead letters are those, byte for byte, and the rest is exact."""
    async with order.scene() as scene:
        bad = bad_records(scene.random, 0, order.events // ONE_IN)
        await scene.put(_mixed(scene, order.events, bad))
        await scene.run_to_the_end()
        letters = [row for part in (await scene.read(scene.dead_letters)).values() for row in part]
        scene.outcome.injected = scene.outcome.wanted = len(bad)
        await scene.check()
        sent = [(one.key, one.value) for one in bad]
        found = check_once("dead letters", sent, [(row[2], row[3]) for row in letters])
        places = {
            tuple(dict(row[4])[f"__streams.errors.{name}"] for name in ("partition", "offset")) for row in letters
        }
        if len(places) != len(bad):
            scene.outcome.broken.append(f"dead letters name {len(places)} places, not {len(bad)}")
        scene.outcome.findings |= found
    return scene.outcome


def bad_records(random: Random, first: int, count: int) -> list[Sent]:
    """Poison of four kinds in turn, each record another, numbered from `first`."""
    found = []
    for number in range(first, first + count):
        kinds = (
            b"\xff\xfe" + random.randbytes(8) + str(number).encode(),
            b'{"group": ' + str(number).encode(),
            msgspec.json.encode({"group": number, "sequence": "no number"}),
            msgspec.json.encode(Event("group-0", -1 - number)),
        )
        found.append(Sent(f"key-{number % 200}".encode(), kinds[number % 4], START + number))
    return found


def _mixed(scene: Scene, count: int, bad: list[Sent]) -> Iterator[Sent]:
    """The good events with the poison among them."""
    left = list(bad)
    for good in scene.input.take(count - len(bad)):
        yield good
        if left and scene.random.random() < 1.2 / ONE_IN:
            yield left.pop()
    yield from left
