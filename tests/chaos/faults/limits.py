"""Outputs one byte under, at and over what their topic accepts, huge ones, and thousands of headers.

What is refused is a dead letter with a named error; nothing else is lost, and nothing is stuck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from streamapp.engine.limits import batch_size
from streamapp.kafka.records import Row
from tests.chaos.checking import check_once
from tests.chaos.events import START, Sent
from tests.chaos.order import Order
from tests.chaos.reading import Partitions, passed
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

LIMIT = 10_000
"""`max.message.bytes` of the small topic (bytes)."""
HUGE = 10_000_000
"""Bytes: ten times what a topic takes by default."""
HEADERS = tuple((f"h{number}", b"") for number in range(10_000))
REFUSED, UNREADABLE = b"streamapp.errors.OutputRefusedError", b"msgspec.DecodeError"


async def limits(order: Order) -> Outcome:
    """One output of each length around the limit; then huge and many-headed records among small ones."""
    outcome = order.outcome
    outcome.wanted = 3
    small = order.scene(1)
    small.topic_config = {"max.message.bytes": str(LIMIT)}
    async with small:
        await _around(small, order.events)
    large = order.scene(1)
    large.events_config = {"max.message.bytes": str(4 * HUGE)}
    async with large:
        await _huge(large)
    return outcome


async def _around(scene: Scene, count: int) -> None:
    for length in range(LIMIT - count // 2, LIMIT + count // 2):
        await scene.feed(1, length)
    await scene.put(_with_headers(scene))
    await scene.run_to_the_end(CHAOS_PADDING="grows")
    out, letters = await scene.read(scene.passed), _all(await scene.read(scene.dead_letters))
    through = passed(out)
    dead = sorted(set(scene.input.sequences) - set(through))
    outcome = scene.outcome
    outcome.expected += len(scene.input.good)
    outcome.findings |= check_once("outputs", [*scene.input.sequences], [*through, *dead], repeats=scene.repeats)
    sizes = {batch_size(key, value, headers) for _, _, key, value, headers in _all(out)}
    outcome.injected += {LIMIT - 1, LIMIT} <= sizes
    if max(sizes) != LIMIT:
        outcome.broken.append(f"the largest output has {max(sizes)} bytes, the topic takes {LIMIT}")
    named = _named(letters)
    if named != {REFUSED: len(dead)} or dead != list(range(dead[0], len(scene.input.good))):
        outcome.broken.append(f"dead letters are {named}, for {len(dead)} outputs that are not there")
    if tuple(letters[-1][4][: len(HEADERS)]) != HEADERS:
        outcome.broken.append("the dead letter of the record with many headers has others")


async def _huge(scene: Scene) -> None:
    before = len(scene.input.good)
    await scene.feed(20)
    await scene.feed(1, HUGE)
    await scene.feed(20)
    await scene.put(_with_headers(scene))
    await scene.feed(20)
    unreadable = Sent(b"key-1", b"\xff" + scene.random.randbytes(HUGE), START)
    await scene.put([unreadable])
    await scene.feed(20)
    await scene.run_to_the_end(CHAOS_PADDING="grows")
    out, letters = await scene.read(scene.passed), _all(await scene.read(scene.dead_letters))
    outcome, too_large = scene.outcome, before + 20
    outcome.expected += len(scene.input.good)
    outcome.findings |= check_once(
        "outputs", [number for number in scene.input.sequences if number != too_large], passed(out)
    )
    outcome.findings |= check_once("huge dead letters", [unreadable.value], [row[3] for row in letters[1:]])
    outcome.injected += len(letters)
    if (named := _named(letters)) != {REFUSED: 1, UNREADABLE: 1}:
        outcome.broken.append(f"dead letters are {named}")
    if HEADERS not in [row[4] for row in _all(out)]:
        outcome.broken.append("the record with many headers went through with others")


def _with_headers(scene: Scene) -> Iterable[Sent]:
    """The next event, with thousands of headers."""
    return [replace(event, headers=HEADERS) for event in scene.input.take(1)]


def _all(rows: Partitions) -> list[Row]:
    return [row for part in rows.values() for row in part]


def _named(letters: Iterable[Row]) -> Counter[bytes | None]:
    return Counter(dict(row[4])["__streams.errors.exception"] for row in letters)
