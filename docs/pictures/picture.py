"""A picture as a frozen value: which lanes it has; and the lanes, filled with what an example did.

Knows nothing of SVG.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from docs.pictures.drawing import COLOURS, LEFT, RIGHT, Bar, Dot, Lane, draw
from docs.pictures.page import OPERATORS, Page, read
from docs.pictures.recording import Received, Recording, Sent, record
from streamapp import HOUR, MINUTE, SECOND, JoinWindows, SessionWindows, SlidingWindows, TimeWindows, Windowed
from streamapp.dsl.nodes_join import StreamJoin

_UNITS = ((HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "ms"))
_STEPS = (1, 2, 5, 10, 15, 20, 30, 50, 60, 100, 200, 500)
_MOST_TICKS = 12
_LEGEND = "Numbers: order in which records are sent; a result bears that of its cause. Dashed: dropped, and why."


@dataclass(frozen=True, slots=True)
class Scale:
    """Times (ms) to places on the axis."""

    start: int
    end: int

    def x(self, time: float) -> float:
        """The place of a time; beyond the picture, its edge."""
        inside = min(max(time, self.start), self.end)
        return round(LEFT + (inside - self.start) / (self.end - self.start) * (RIGHT - LEFT), 1)

    def ticks(self) -> Iterable[tuple[float, str]]:
        """Places and names of round times, not too many."""
        span = self.end - self.start
        unit, name = next((unit, name) for unit, name in _UNITS if span >= 3 * unit)
        step = next(step for step in _STEPS if span / (step * unit) <= _MOST_TICKS) * unit
        first = -(-self.start // step) * step
        return [(self.x(time), f"{time // unit:g} {name}") for time in range(first, self.end + 1, step)]


@dataclass(frozen=True, slots=True)
class View:
    """What lanes are filled from."""

    recording: Recording
    scale: Scale

    def colour(self, key: Any) -> int | None:
        """The colour of a key, by the order in which keys appear."""
        seen = dict.fromkeys(_plain(one.key) for one in self.recording.records)
        return None if key is None else list(seen).index(_plain(key)) % COLOURS


def _plain(key: Any) -> Any:
    return key.key if isinstance(key, Windowed) else key


Text = Callable[[Any, Any], str]
"""What is written beside a record, of its key and value."""


def key_and_value(key: Any, value: Any) -> str:
    """Both; of a windowed key also the start, in seconds."""
    shown = "null" if value is None else f"{value}"
    if isinstance(key, Windowed):
        return f"{key.key} {key.start / SECOND:g}\u2013{key.end / SECOND:g}: {shown}"
    return f"{'null' if key is None else key} {shown}"


class LaneOf(Protocol):
    """A lane to be filled."""

    def fill(self, view: View) -> Lane:
        """The lane with its marks."""
        ...


@dataclass(frozen=True, slots=True)
class In:
    """The records sent to a topic."""

    topic: str
    text: Text = key_and_value

    def fill(self, view: View) -> Lane:
        """A dot for each."""
        sent = (one for one in view.recording.sent if one.topic == self.topic)
        return Lane(self.topic, tuple(self._dot(one, view) for one in sent))

    def _dot(self, one: Sent, view: View) -> Dot:
        text = self.text(one.key, one.value)
        return Dot(
            view.scale.x(one.time),
            str(one.number),
            text if one.fate == "processed" else f"{text} ({one.fate})",
            view.colour(one.key),
            "filled" if one.fate in ("processed", "partly late") else "hollow",
        )


@dataclass(frozen=True, slots=True)
class Out:
    """The records written to a topic, at their own times; `name`: what the lane is called, if not like it."""

    topic: str
    text: Text = key_and_value
    name: str | None = None

    def fill(self, view: View) -> Lane:
        """A dot for each, in the order in which they come."""
        received = (one for one in view.recording.received if one.topic == self.topic)
        return Lane(self.name or self.topic, tuple(self._dot(one, view) for one in received))

    def _dot(self, one: Received, view: View) -> Dot:
        return Dot(view.scale.x(one.time), str(one.cause), self.text(one.key, one.value), view.colour(one.key))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table that a topic holds, each from its time to that of the next.

    The next is the one that comes later or, in a table that is `versioned`, the one whose time is later.
    """

    topic: str
    name: str
    versioned: bool = False

    def fill(self, view: View) -> Lane:
        """A bar for each."""
        changes = [one for one in view.recording.records if one.topic == self.topic]
        if self.versioned:
            changes.sort(key=lambda one: one.time)
        bars = []
        for at, row in enumerate(changes):
            end = next((later.time for later in changes[at + 1 :] if later.key == row.key), view.scale.end)
            if row.value is not None and end > row.time:
                text = key_and_value(row.key, row.value)
                bars.append(Bar(view.scale.x(row.time), view.scale.x(end), text, view.colour(row.key)))
        return Lane(self.name, tuple(bars))


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of the results in a topic, with the last value of each and the grace behind it."""

    topic: str
    name: str = "windows"

    def fill(self, view: View) -> Lane:
        """A bar for each window, in the order of their starts; those of sessions that were merged are left out."""
        last = {one.key: one.value for one in view.recording.received if one.topic == self.topic}
        grace = self._grace(view)
        bars = tuple(
            Bar(
                view.scale.x(key.start),
                view.scale.x(key.end),
                f"{key.key} {value}",
                view.colour(key),
                view.scale.x(key.end + grace) if grace else None,
            )
            for key, value in sorted(last.items(), key=lambda row: row[0].start)
            if value is not None
        )
        return Lane(self.name, bars, "paler: grace" if grace else "")

    def _grace(self, view: View) -> int:
        """How long windows take records after their ends, by the topology itself."""
        found = (getattr(node, "windows", None) for node in view.recording.topology.nodes)
        return next(
            (one.close_after for one in found if isinstance(one, TimeWindows | SlidingWindows | SessionWindows)), 0
        )


@dataclass(frozen=True, slots=True)
class Partners:
    """Where each record of a joined stream looks for partners in the other."""

    topic: str
    name: str = "join windows"

    def fill(self, view: View) -> Lane:
        """A bar for each record, by the topology's own join."""
        windows: JoinWindows = next(
            node.windows for node in view.recording.topology.nodes if isinstance(node, StreamJoin)
        )
        bars = tuple(
            Bar(
                view.scale.x(one.time - windows.before),
                view.scale.x(one.time + windows.after),
                f"of {one.number}",
                view.colour(one.key),
                view.scale.x(one.time + windows.after + windows.grace) if windows.grace else None,
            )
            for one in view.recording.sent
            if one.topic == self.topic
        )
        return Lane(self.name, bars, "paler: grace" if windows.grace else "")


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of time with something to say about each: (start, end, text), in ms."""

    name: str
    spans: tuple[tuple[int, int, str], ...]
    note: str = ""

    def fill(self, view: View) -> Lane:
        """A bar for each."""
        bars = tuple(Bar(view.scale.x(start), view.scale.x(end), text) for start, end, text in self.spans)
        return Lane(self.name, bars, self.note)


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a page's first example; `until` (ms) is where the axis ends, `since` where it begins."""

    page: str
    title: str
    lanes: tuple[LaneOf, ...]
    until: int
    since: int = 0
    legend: str = field(default=_LEGEND)

    def svg(self) -> str:
        """Runs the example and draws what it did."""
        return self.drawn(read(OPERATORS / f"{self.page}.md"))

    def drawn(self, page: Page) -> str:
        """As `svg`, of another page's first example."""
        view = View(record(page), Scale(self.since, self.until))
        return draw(self.title, [lane.fill(view) for lane in self.lanes], view.scale.ticks(), self.legend)
