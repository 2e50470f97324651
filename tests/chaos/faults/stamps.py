"""Records stamped a day too early or too late: no window closes for them, and those nobody takes are dead letters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from streamapp.worker.metadata import decode_metadata
from tests.chaos.checking import check_once, check_table
from tests.chaos.events import MINUTE, STEP, Input, Sent
from tests.chaos.order import Order
from tests.chaos.pipeline import Event, Total
from tests.chaos.reading import passed, updates
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.stamped import GRACE

DAY = 24 * 60 * MINUTE
HOUR = 60 * MINUTE
ONE_IN = 100
FIRST_WRONG = 10_000_000
"""The wrongly stamped events have sequence numbers of their own, from here."""
LAST = 20_000_000
"""And those that close all windows from here."""

Kind = tuple[Mapping[str, str], Mapping[str, str], str]
"""Options of the sink's topic, environment of the worker, and the error of what is too far ahead."""

KINDS: tuple[Kind, ...] = (
    (
        {"message.timestamp.after.max.ms": str(2 * DAY), "message.timestamp.before.max.ms": str(2 * DAY)},
        {"CHAOS_AHEAD": str(MINUTE)},
        "streamapp.errors.RecordAheadError",
    ),
    ({"message.timestamp.after.max.ms": str(HOUR)}, {}, "streamapp.errors.OutputRefusedError"),
)
"""A sink that would take them, behind a bound of our own; and Kafka's default of an hour, without one."""


async def stamps(order: Order) -> Outcome:
    """One record in a hundred is a day ahead or behind."""
    outcome = order.outcome
    outcome.wanted = 0
    for options, environment, error in KINDS:
        scene = order.scene(topology="stamped")
        scene.topic_config = dict(options)
        async with scene:
            await _once(scene, order.events // len(KINDS), environment, error)
    return outcome


async def _once(scene: Scene, count: int, environment: Mapping[str, str], error: str) -> None:
    now = int(time.time() * 1000)
    scene.input.start = now - count * STEP - HOUR // 2
    wrong = [_wrong(scene, number, count) for number in range(count // ONE_IN)]
    await scene.put(_mixed(scene, count, wrong))
    closing = list(_closing(scene))
    await scene.put(closing)
    await scene.run_to_the_end(**environment)
    ahead = [one for one in wrong if one.timestamp > now]
    behind = [one for one in wrong if one.timestamp < now]
    letters = [row for part in (await scene.read(scene.dead_letters)).values() for row in part]
    outcome = scene.outcome
    outcome.injected += len(letters)
    outcome.wanted += len(ahead)
    outcome.expected += len(scene.input.good)
    outcome.findings |= check_once("dead letters", [one.value for one in ahead], [row[3] for row in letters])
    if (named := Counter(dict(row[4])["__streams.errors.exception"] for row in letters)) != {
        error.encode(): len(ahead)
    }:
        outcome.broken.append(f"dead letters are {dict(named)}, not {error}")
    await _check(scene, [_sequence(one) for one in behind], [_sequence(one) for one in closing])


def _wrong(scene: Scene, number: int, count: int) -> Sent:
    """An event a day ahead and one a day behind in turn, of a time somewhere in the input."""
    event = Event("group-0", FIRST_WRONG + number)
    stamp = scene.input.start + scene.random.randrange(count) * STEP + (-DAY if number % 2 else DAY)
    return Sent(f"key-{scene.random.randrange(200)}".encode(), msgspec.json.encode(event), stamp)


def _mixed(scene: Scene, count: int, wrong: list[Sent]) -> Iterator[Sent]:
    """The right events with the wrong ones among them; the first tenth is right, so that every task has a time."""
    left = list(wrong)
    for at, good in enumerate(scene.input.take(count - len(wrong))):
        yield good
        if left and at > count // 10 and scene.random.random() < 1.3 / ONE_IN:
            yield left.pop()
    yield from left


def _closing(scene: Scene) -> Iterator[Sent]:
    """An event of each key that is so much later that all windows before it close."""
    stamp = scene.input.start + len(scene.input.good) * STEP + 2 * MINUTE + GRACE
    for number, key in enumerate(sorted({key for key, _ in scene.input.keyed()})):
        yield Sent(key.encode(), msgspec.json.encode(Event("group-0", LAST + number)), stamp)


def _sequence(one: Sent) -> int:
    return msgspec.json.decode(one.value, type=Event).sequence


async def _check(scene: Scene, behind: list[int], closing: list[int]) -> None:
    """Windows are given once, whole; what came a day too late is passed on, and counted as late."""
    through = [*scene.input.sequences, *behind, *closing]
    scene.outcome.findings |= check_once("outputs", through, passed(await scene.read(scene.passed)))
    given, windows = list(updates(await scene.read(scene.totals))), windows_of(scene.input)
    scene.outcome.findings |= check_once("windows", list(windows), [name for name, _ in given])
    scene.outcome.findings |= check_table("windows", windows, dict(given))
    offsets = await scene.admin.committed(scene.group)
    late = sum(sum(decode_metadata(metadata).late.values()) for _, metadata in offsets.values())
    if late != len(behind):
        scene.outcome.broken.append(f"{late} events were counted as late, not {len(behind)}")


def windows_of(data: Input) -> dict[str, Total]:
    """The right windows of all keys, by the name under which they are given."""
    sums: dict[str, tuple[int, int]] = {}
    for key, event in data.keyed():
        name = f"{key}@{data.minute_of(event)}"
        count, checksum = sums.get(name, (0, 0))
        sums[name] = count + 1, checksum + event.sequence
    return {name: Total(*found) for name, found in sums.items()}
