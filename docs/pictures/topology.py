"""A topology as a picture for a page: the boxes and arrows that the web view shows, one sub-topology under the other.

Knows nothing of how boxes are placed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from docs.pictures.page import DOCS
from streamapp import Topology
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.web.graph import graph_of
from streamapp.web.layout import HEIGHT, Layout, Placed, layout

FOLDER = DOCS / "images" / "topologies"

_TITLE = 26
"""Height of the line above a sub-topology."""

_STYLE = (
    "text{font:12px ui-monospace,monospace;fill:#24292f;text-anchor:middle}.c{font:11px ui-sans-serif,sans-serif;"
    "fill:#6a737d}.h{font:600 12px ui-sans-serif,sans-serif;text-anchor:start}.b{fill:#fbfbfa;stroke:#b9bec5}"
    ".source,.sink{fill:#e8f0fb;stroke:#3474c4}.internal{fill:#f3eefb;stroke:#8258b5}.table{fill:#e9f5ee;stroke:#2f8a5b}"
    ".a{fill:none;stroke:#8b929a;stroke-width:1.3}"
    "@media(prefers-color-scheme:dark){text{fill:#dfe3e8}.c{fill:#98a1ab}.b{fill:#1b1f24;stroke:#4a525c}"
    ".source,.sink{fill:#152235}.internal{fill:#231a33}.table{fill:#12281c}}"
)


def drawn(topology: Topology) -> str:
    """The picture as SVG."""
    planes = [layout(graph_of(sub)) for sub in plan(topology, codec_for).subtopologies]
    return svg(f"Topology {topology.name}", {f"Sub-topology {plane.number}": plane for plane in planes})


def svg(label: str, planes: Mapping[str, Layout]) -> str:
    """Planes by their titles, one under the other; an empty title takes no room."""
    width = max(plane.width for plane in planes.values())
    height = sum(plane.height + (_TITLE if title else 0) for title, plane in planes.items())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{label}"><style>{_STYLE}</style>'
        '<defs><marker id="t" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="a" d="M1 1L7 4L1 7"/></marker></defs>'
    ]
    top = 0.0
    for title, plane in planes.items():
        if title:
            parts.append(f'<text class="h" x="8" y="{top + 17:g}">{title}</text>')
            top += _TITLE
        parts += _plane(plane, top)
        top += plane.height
    return "\n".join([*parts, "</svg>", ""])


def _plane(plane: Layout, top: float) -> Iterator[str]:
    yield f'<g transform="translate(0 {top:g})">'
    for points in plane.arrows:
        way = "L".join(f"{x:g} {y:g}" for x, y in points)
        yield f'<path class="a" d="M{way}" marker-end="url(#t)"/>'
    for placed in plane.boxes:
        yield from _box(placed)
    yield "</g>"


def _box(placed: Placed) -> Iterator[str]:
    x, y, width, box = placed.x, placed.y, placed.width, placed.box
    round_by = 10 if box.kind in ("step", "table") else HEIGHT / 2
    middle = x + width / 2
    yield (
        f'<rect class="b {box.kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{HEIGHT}" rx="{round_by:g}"/>'
        f'<text class="c" x="{middle:g}" y="{y + 21:g}">{escape(box.caption)}</text>'
        f'<text x="{middle:g}" y="{y + 38:g}">{escape(placed.text)}</text>'
    )
