"""Places a graph on a plane: columns from left to right, few crossings, arrows around boxes.

Sugiyama's layered drawing in its simplest form: layers by longest path, order by barycentre, long arrows
through invisible points. Units are CSS pixels. Knows nothing of SVG or of what the boxes mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from streamapp.web.box import Box
from streamapp.web.graph import Graph

HEIGHT = 52
"""Of a box with a caption and a label."""
_CHARACTER = 7.6
"""Width of a character of the label: 12.5 px monospace, with some air."""
_SMALL_CHARACTER = 6.4
_PADDING = 32
_LEAST = 104
_MOST = 260
_COLUMN_GAP = 48
_ROW_GAP = 20
_MARGIN = 8
_SWEEPS = 24


@dataclass(frozen=True, slots=True)
class Placed:
    """A box with its upper left corner and its size."""

    box: Box
    x: float
    y: float
    width: float
    height: float = HEIGHT

    @property
    def text(self) -> str:
        """The label, cut to what fits."""
        room = int((self.width - _PADDING) / _CHARACTER + 0.01)  # a width made for this label has room for it
        label = self.box.label
        return label if len(label) <= room else label[: room - 1] + "…"


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawn graph; each arrow is the points it goes through."""

    number: int
    width: float
    height: float
    boxes: tuple[Placed, ...]
    arrows: tuple[tuple[tuple[float, float], ...], ...]


def layout(graph: Graph) -> Layout:
    """Places every box; the same graph is always drawn the same way."""
    layers = _layers(graph)
    chains = [_chain(arrow, layers) for arrow in graph.arrows]
    columns = _columns(graph, layers, chains)
    neighbours = _neighbours(chains)
    _untangle(columns, neighbours)
    widths = {box.id: _width(box) for box in graph.boxes}
    ys = _rows(columns, neighbours)
    xs, total = _xs(columns, widths)
    boxes = {
        box.id: Placed(box, xs[layers[box.id]], ys[box.id], _column_width(columns[layers[box.id]], widths))
        for box in graph.boxes
    }
    arrows = tuple(_arrow(chain, boxes, xs, ys, columns, widths) for chain in chains)
    height = max(ys.values(), default=0) + HEIGHT + _MARGIN
    return Layout(graph.number, total, height, tuple(boxes.values()), arrows)


def _layers(graph: Graph) -> dict[str, int]:
    """The longest way to each box; arrows are listed so that what comes before is known."""
    layers = {box.id: 0 for box in graph.boxes}
    for _ in graph.boxes:
        for start, end in graph.arrows:
            layers[end] = max(layers[end], layers[start] + 1)
    targets = {start for start, _ in graph.arrows}
    for box in graph.boxes:  # a source moves next to what reads it; sinks line up on the right
        if box.kind in {"source", "internal"} and box.id in targets and layers[box.id] == 0:
            layers[box.id] = min(layers[end] for start, end in graph.arrows if start == box.id) - 1
    return layers


def _chain(arrow: tuple[str, str], layers: Mapping[str, int]) -> tuple[str, ...]:
    """The arrow's way with one invisible point in each layer it passes."""
    start, end = arrow
    between = (f"{start}>{end}@{layer}" for layer in range(layers[start] + 1, layers[end]))
    return (start, *between, end)


def _columns(graph: Graph, layers: Mapping[str, int], chains: Iterable[tuple[str, ...]]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for box in graph.boxes:
        columns[layers[box.id]].append(box.id)
    for chain in chains:
        for step, point in enumerate(chain[1:-1], layers[chain[0]] + 1):
            columns[step].append(point)
    return columns


def _neighbours(chains: Iterable[tuple[str, ...]]) -> dict[str, list[str]]:
    neighbours: dict[str, list[str]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            neighbours.setdefault(left, []).append(right)
            neighbours.setdefault(right, []).append(left)
    return neighbours


def _untangle(columns: list[list[str]], neighbours: Mapping[str, list[str]]) -> None:
    """Orders each column by the mean place of its neighbours, to and fro."""
    for sweep in range(_SWEEPS):
        order = columns if sweep % 2 == 0 else columns[::-1]
        for before, column in pairwise(order):
            places = {name: place for place, name in enumerate(before)}
            column.sort(
                key=lambda name: _mean([places[other] for other in neighbours.get(name, []) if other in places])
            )


def _mean(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _rows(columns: list[list[str]], neighbours: Mapping[str, list[str]]) -> dict[str, float]:
    """Vertical places: each as near to its neighbours as those above it allow."""
    step = HEIGHT + _ROW_GAP
    ys: dict[str, float] = {name: _MARGIN + row * step for column in columns for row, name in enumerate(column)}
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_wish(name, neighbours, ys) for name in column]
            ys.update(zip(column, _apart(wanted, step), strict=True))
    _level(columns, neighbours, ys, step)
    top = min(ys.values(), default=0) - _MARGIN
    return {name: y - top for name, y in ys.items()}


def _level(columns: list[list[str]], neighbours: Mapping[str, list[str]], ys: dict[str, float], step: float) -> None:
    """Moves what is nearly level with a neighbour on its left quite level, where there is room."""
    for left, column in pairwise(columns):
        for place, name in enumerate(column):
            wished = [ys[other] for other in neighbours[name] if other in left]
            near = min(wished, key=lambda y: abs(y - ys[name]), default=ys[name])
            above = ys[column[place - 1]] + step if place else float("-inf")
            below = ys[column[place + 1]] - step if place + 1 < len(column) else float("inf")
            if abs(near - ys[name]) < step / 3 and above <= near <= below:
                ys[name] = near


def _wish(name: str, neighbours: Mapping[str, list[str]], ys: Mapping[str, float]) -> float:
    near = neighbours.get(name)
    return sum(ys[other] for other in near) / len(near) if near else ys[name]


def _apart(wanted: list[float], step: float) -> list[float]:
    """The wishes moved apart to at least `step`, and back so that their mean stays."""
    placed: list[float] = []
    for wish in wanted:
        placed.append(max(wish, placed[-1] + step) if placed else wish)
    drift = (sum(placed) - sum(wanted)) / len(placed) if placed else 0.0
    return [y - drift for y in placed]


def _width(box: Box) -> float:
    text = max(len(box.label) * _CHARACTER, len(box.caption) * _SMALL_CHARACTER)
    return min(_MOST, max(_LEAST, text + _PADDING))


def _column_width(column: list[str], widths: Mapping[str, float]) -> float:
    return max((widths[name] for name in column if name in widths), default=0.0)


def _xs(columns: list[list[str]], widths: Mapping[str, float]) -> tuple[list[float], float]:
    xs: list[float] = []
    x = float(_MARGIN)
    for column in columns:
        xs.append(x)
        x += _column_width(column, widths) + _COLUMN_GAP
    return xs, x - _COLUMN_GAP + _MARGIN


def _arrow(
    chain: tuple[str, ...],
    boxes: Mapping[str, Placed],
    xs: list[float],
    ys: Mapping[str, float],
    columns: list[list[str]],
    widths: Mapping[str, float],
) -> tuple[tuple[float, float], ...]:
    """From the right edge of the first box, straight through each column it passes, to the left edge of the last."""
    first, last = boxes[chain[0]], boxes[chain[-1]]
    points = [(first.x + first.width, first.y + HEIGHT / 2)]
    column = xs.index(first.x)
    for point in chain[1:-1]:
        column += 1
        y = ys[point] + HEIGHT / 2
        points += [(xs[column], y), (xs[column] + _column_width(columns[column], widths), y)]
    return (*points, (last.x, last.y + HEIGHT / 2))
