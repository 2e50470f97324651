"""Marks on a canvas that become SVG: dots and bars with text, on rows of their own where they would touch.

Lengths are in pixels at the width a page shows. Knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

WIDTH = 700
LEFT, RIGHT = 116, 684
"""Where the axis of time begins and ends."""
ROW = 22
COLOURS = 4
"""How many there are for keys."""
_LETTER = 6.1
_DOT = 9

_STYLE = (
    "text{font:11px ui-sans-serif,system-ui,sans-serif;fill:#24292f}.n{fill:#fff;font-weight:600;text-anchor:middle}"
    ".s{fill:#6a737d}.card{fill:#fbfbfa;stroke:#d8dbdf}.grid{stroke:#e4e6e9}.lane{stroke:#d8dbdf}"
    ".k0{fill:#3474c4}.k1{fill:#c2701c}.k2{fill:#2f8a5b}.k3{fill:#8258b5}"
    ".b{fill-opacity:.22}.g{fill-opacity:.07;stroke-dasharray:3 3}"
    ".s0{stroke:#3474c4}.s1{stroke:#c2701c}.s2{stroke:#2f8a5b}.s3{stroke:#8258b5}"
    ".o{fill:none;stroke:#8b929a;stroke-dasharray:3 2}.m{fill:#6a737d}"
    "@media(prefers-color-scheme:dark){text{fill:#dfe3e8}.n{fill:#fff}.s,.m{fill:#98a1ab}.card{fill:#1b1f24;"
    "stroke:#3b424a}.grid{stroke:#2b3138}.lane{stroke:#3b424a}}"
)

Look = Literal["filled", "hollow"]


@dataclass(frozen=True, slots=True)
class Dot:
    """Something that happens at x."""

    x: float
    number: str
    text: str
    colour: int | None
    look: Look = "filled"

    @property
    def reach(self) -> tuple[float, float]:
        """What it covers, from left to right."""
        wide = _DOT + 5 + len(self.text) * _LETTER
        return (self.x - wide, self.x + _DOT) if self.x + wide > RIGHT + 8 else (self.x - _DOT, self.x + wide)

    def svg(self, y: float) -> str:
        """The dot, its number, and its text beside it."""
        left = self.reach[1] == self.x + _DOT and self.text
        hollow = self.look == "hollow"
        shape = "o" if hollow else f"k{self.colour}" if self.colour is not None else "m"
        at = f' text-anchor="end" x="{self.x - _DOT - 4:g}"' if left else f' x="{self.x + _DOT + 4:g}"'
        number = "s" if hollow else "n"
        middle = ' text-anchor="middle"' if hollow else ""
        return (
            f'<circle class="{shape}" cx="{self.x:g}" cy="{y:g}" r="{_DOT}"/>'
            f'<text class="{number}"{middle} x="{self.x:g}" y="{y + 4:g}">{escape(self.number)}</text>'
            f'<text{" class=" + chr(34) + "s" + chr(34) if hollow else ""}{at} y="{y + 4:g}">{escape(self.text)}</text>'
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasts from x to `end`; until `grace` it may still change."""

    x: float
    end: float
    text: str
    colour: int | None = None
    grace: float | None = None

    @property
    def reach(self) -> tuple[float, float]:
        """What it covers, from left to right."""
        return self.x, max(self.end, self.grace or 0, self.x + 6 + len(self.text) * _LETTER)

    def svg(self, y: float) -> str:
        """The bar, its text, and a paler bar behind it."""
        kind = f"k{self.colour} s{self.colour}" if self.colour is not None else "m lane"
        wide = max(self.end - self.x, 3)
        parts = [f'<rect class="{kind} b" x="{self.x:g}" y="{y - 8:g}" width="{wide:g}" height="16" rx="3"/>']
        if self.grace is not None and self.grace > self.end:
            parts.append(
                f'<rect class="{kind} g" x="{self.end:g}" y="{y - 8:g}" width="{self.grace - self.end:g}" '
                'height="16" rx="3"/>'
            )
        parts.append(f'<text x="{self.x + 5:g}" y="{y + 4:g}">{escape(self.text)}</text>')
        return "".join(parts)


Mark = Dot | Bar


@dataclass(frozen=True, slots=True)
class Lane:
    """A name and what belongs to it, laid out on as few rows as it takes."""

    name: str
    marks: tuple[Mark, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if 14 + len(self.name) * _LETTER > LEFT - _DOT:
            raise ValueError(f"lane {self.name!r} is too long for its column: give a shorter name")

    def rows(self) -> list[list[Mark]]:
        """The marks in order, each on the first row where it touches none."""
        rows: list[list[Mark]] = []
        for mark in self.marks:
            for row in rows:
                if all(_apart(mark, other) for other in row):
                    row.append(mark)
                    break
            else:
                rows.append([mark])
        return rows or [[]]


def _apart(one: Mark, other: Mark) -> bool:
    (left, right), (other_left, other_right) = one.reach, other.reach
    gap = 0 if isinstance(one, Bar) and isinstance(other, Bar) else 4
    return right + gap <= other_left or other_right + gap <= left


def draw(title: str, lanes: Sequence[Lane], ticks: Iterable[tuple[float, str]], legend: str) -> str:
    """The whole picture; `ticks` are the x and names of points on the axis of time."""
    body: list[str] = []
    y = 34.0
    for lane in lanes:
        rows = lane.rows()
        body.append(f'<line class="lane" x1="12" x2="{WIDTH - 12}" y1="{y:g}" y2="{y:g}"/>')
        body.append(f'<text x="14" y="{y + 20:g}">{escape(lane.name)}</text>')
        if lane.note:
            body.append(f'<text class="s" x="14" y="{y + 34:g}">{escape(lane.note)}</text>')
        for row in rows:
            y += ROW
            body.extend(mark.svg(y - 6) for mark in row)
        y += 8 + (12 if lane.note and len(rows) == 1 else 0)
    axis = "".join(
        f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="34" y2="{y + 6:g}"/>'
        f'<text class="s" text-anchor="middle" x="{x:g}" y="{y + 18:g}">{escape(name)}</text>'
        for x, name in ticks
    )
    height = y + 44
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:g}" rx="6"/>'
        f'<text x="14" y="22" font-weight="600">{escape(title)}</text>{axis}\n'
        + "\n".join(body)
        + f'\n<line class="lane" x1="12" x2="{WIDTH - 12}" y1="{y:g}" y2="{y:g}"/>'
        f'<text class="s" x="14" y="{y + 18:g}">time</text>'
        f'<text class="s" x="14" y="{y + 36:g}">{escape(legend)}</text></svg>\n'
    )
