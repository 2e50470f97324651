"""Records that cannot be decoded, are of another shape, have no key, or make a function raise half-way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

import msgspec

from tests.chaos.checking import check_once
from tests.chaos.events import START, Sent
from tests.chaos.order import Order
from tests.chaos.pipeline import Event
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

ONE_IN = 100
KEYED = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(2**62)}
"""A sink that takes no record without a key, and keeps all others."""
NO_KEY = 1_000_000_000
"""Events without a key have sequence numbers from here."""
FAST_ENOUGH = 0.9
"""Of the rate over the same records without poison."""
PAIRS = 3
MEASURED = 50_000
"""Fewer records than this are over too soon to say how fast they went."""


async def poison(order: Order) -> Outcome:
    """One record in a hundred; dead letters are those, byte for byte, and the rest is exact."""
    scene = order.scene()
    scene.topic_config = KEYED
    async with scene:
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
        if order.events >= MEASURED:
            await _compare(order, scene)
    return scene.outcome


async def _compare(order: Order, scene: Scene) -> None:
    """Processes the poisoned records and as many clean ones, turn by turn, each time by a group of its own."""
    clean = order.scene()
    clean.topic_config = KEYED
    async with clean:
        await clean.feed(order.events)
        ratios = []
        for turn in range(PAIRS):
            with_poison, without = await _seconds(scene, turn), await _seconds(clean, turn)
            ratios.append(without / with_poison)
    print(f"speed with poison, of that without: {', '.join(f'{ratio:.2f}' for ratio in ratios)}", file=sys.stderr)
    if median(ratios) < FAST_ENOUGH:
        scene.outcome.broken.append(f"with poison it ran at {median(ratios):.2f} of the speed without")


async def _seconds(scene: Scene, turn: int) -> float:
    """Time of the processor for all records, without that of a run that finds nothing to do."""
    group = {
        "STREAMAPP_APPLICATION": f"{scene.prefix}-{turn}",
        "STREAMAPP_STATE_DIR": str(scene.folder / f"{scene.prefix}-{turn}"),
    }
    spent = [_spent()]
    for _ in range(2):
        await scene.run_to_the_end(**group)
        spent.append(_spent())
    return spent[1] - spent[0] - (spent[2] - spent[1])


def _spent() -> float:
    """Seconds of the processor of all workers that have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bad_records(random: Random, first: int, count: int) -> list[Sent]:
    """Poison of five kinds in turn, each record another, numbered from `first`."""
    found = []
    for number in range(first, first + count):
        kinds = (
            b"\xff\xfe" + random.randbytes(8) + str(number).encode(),
            b'{"group": ' + str(number).encode(),
            msgspec.json.encode({"group": number, "sequence": "no number"}),
            msgspec.json.encode(Event("group-0", -1 - number)),
            msgspec.json.encode(Event("group-0", NO_KEY + number)),
        )
        kind = number % len(kinds)
        key = None if kind == len(kinds) - 1 else f"key-{number % 200}".encode()
        found.append(Sent(key, kinds[kind], START + number))
    return found


def _mixed(scene: Scene, count: int, bad: list[Sent]) -> Iterator[Sent]:
    """The good events with the poison among them."""
    left = list(bad)
    for good in scene.input.take(count - len(bad)):
        yield good
        if left and scene.random.random() < 1.2 / ONE_IN:
            yield left.pop()
    yield from left
