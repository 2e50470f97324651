"""Compares what came out with what must: sequences, running totals, tables, dead letters.

Pure, so that each check can be tested with a planted error. Knows nothing of Kafka or of faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tests.chaos.pipeline import Total

NAMED = 3
"""Differences that are named one by one."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Findings:
    """How many events are missing and how many count more than once, and what else is wrong, in words.

    `repeated` are those that count more than once where that is allowed.
    """

    lost: int = 0
    doubled: int = 0
    wrong: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def clean(self) -> bool:
        """Nothing is wrong."""
        return not (self.lost or self.doubled or self.wrong)

    def __or__(self, other: Findings) -> Findings:
        """Of two checks of the same events; the worse counts, since both may have found the same event."""
        return Findings(
            max(self.lost, other.lost),
            max(self.doubled, other.doubled),
            self.wrong + other.wrong,
            max(self.repeated, other.repeated),
        )


def check_once(
    what: str, expected: Iterable[Hashable], found: Iterable[Hashable], *, repeats: bool = False
) -> Findings:
    """Every expected thing is there as often as expected, or more often where it may repeat, and nothing else is."""
    wanted, there = Counter(expected), Counter(found)
    missing, more = wanted - there, there - wanted
    strange = {thing: count for thing, count in more.items() if thing not in wanted}
    wrong = [_some(f"{what} missing", missing), _some(f"{what} nobody has sent", strange)]
    doubled = more.total() - sum(strange.values())
    if not repeats:
        wrong.append(_some(f"{what} doubled", more - Counter(strange)))
    return _findings(missing.total(), doubled, wrong, repeats)


def check_table(what: str, expected: Mapping[K, Total], found: Mapping[K, Total], *, repeats: bool = False) -> Findings:
    """Every row has the right count and checksum, or more where events may repeat, and there is no other row."""
    lost = doubled = 0
    wrong: dict[K, str] = {}
    for key in expected.keys() | found.keys():
        want, have = expected.get(key, Total()), found.get(key, Total())
        if want != have:
            if repeats and key in expected and want.count < have.count and want.checksum <= have.checksum:
                doubled += have.count - want.count
                continue
            lost += max(0, want.count - have.count)
            doubled += max(0, have.count - want.count)
            wrong[key] = f"{have} for {want}"
    return _findings(lost, doubled, [_some(f"rows of {what} wrong", wrong)], repeats)


def check_running(what: str, updates: Iterable[tuple[str, Total]], *, repeats: bool = False) -> Findings:
    """The updates of each key count 1, 2, 3 …: a state that once was behind or ahead shows, also if it got over it.

    Where updates may repeat, none may be left out.
    """
    last: dict[str, int] = {}
    lost = doubled = 0
    wrong: dict[str, str] = {}
    for key, total in updates:
        step = total.count - last.get(key, 0)
        if step != 1:
            lost += max(0, step - 1)
            doubled += max(0, 1 - step)
            if step > 1 or not repeats:
                wrong.setdefault(key, f"{total.count} after {last.get(key, 0)}")
        last[key] = max(total.count, last.get(key, 0)) if repeats else total.count
    return _findings(lost, doubled, [_some(f"updates of {what} out of step", wrong)], repeats)


def highest(updates: Iterable[tuple[str, Total]]) -> dict[str, Total]:
    """Of each key, the update that counts most: the last one, also when older ones were repeated behind it."""
    found: dict[str, Total] = {}
    for key, total in updates:
        if total.count >= found.get(key, Total()).count:
            found[key] = total
    return found


def _findings(lost: int, doubled: int, wrong: Iterable[str], repeats: bool) -> Findings:
    said = tuple(text for text in wrong if text)
    return Findings(lost, 0, said, repeated=doubled) if repeats else Findings(lost, doubled, said)


def _some(what: str, things: Mapping[K, object]) -> str:
    if not things:
        return ""
    named = ", ".join(f"{key!r}: {value}" for key, value in list(things.items())[:NAMED])
    return f"{what}: {len(things)} ({named}{', …' if len(things) > NAMED else ''})"
