"""The parts of the console that need no server: words, rates, pictures."""

from __future__ import annotations

from itertools import combinations

import pytest

from streamapp import Topic, Topology, stream, table
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.web.box import Box
from streamapp.web.graph import Graph, graph_of
from streamapp.web.layout import HEIGHT, Layout, layout
from streamapp.web.rates import SAMPLES, Rates
from streamapp.web.templating import spark, time
from streamapp.web.text import duration, iso, number
from tests.unit import everything
from tests.unit.web.memory import TOPOLOGIES


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_291_190_400_001, "2010-12-01T08:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000, "253402300800000"),
        (2**63 - 1, str(2**63 - 1)),
    ],
)
def test_times_read_as_iso_8601(milliseconds: int, text: str) -> None:
    """In UTC; what no calendar has as its number, also on a page."""
    assert iso(milliseconds) == text
    assert text[-4:] in time(milliseconds)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (3_600_000, "1 h"),
        (90_000, "90 s"),
        (800 * 86_400_000, "800 d"),
        (1_500, "1,500 ms"),
        (60_001, "1 min"),
        (0, "0 ms"),
    ],
)
def test_durations_read_in_their_largest_unit(milliseconds: int, text: str) -> None:
    """That leaves no remainder."""
    assert duration(milliseconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12345.0, "12,345"), (0.25, "0.2"), (99.96, "100.0"), (1234.5, "1,234")]
)
def test_numbers_read_with_commas(value: float, text: str) -> None:
    """And a fraction only where they are small."""
    assert number(value) == text


def test_a_rate_is_taken_over_the_last_seconds() -> None:
    """Nothing before there are two samples, and a fresh start when a count falls."""
    rates = Rates()
    assert (rates.rate("a"), rates.history("a")) == (0, [])
    for second in range(100):
        rates.observe(second, {"a": second * second})
    assert rates.rate("a") == (99**2 - 94**2) / 5
    assert len(rates.history("a")) == SAMPLES - 1
    rates.observe(100, {"a": 5})
    assert (rates.rate("a"), rates.history("a")) == (0, [])


def test_the_line_of_the_last_minute_ends_on_the_right() -> None:
    """However short it still is; flat means no line."""
    points = [tuple(map(float, point.split(","))) for point in spark([1.0, 3.0, 2.0], 118, 28).split()]
    assert points == [(114.0, 18.0), (116.0, 2.0), (118.0, 10.0)]
    assert spark([0.0, 0.0]) == spark([5.0]) == ""


ORDERS = Topic("orders", key=str, value=str)
users, stock = table(Topic("users", key=str, value=str), "users"), table(Topic("stock", key=str, value=str), "stock")
orders = stream(ORDERS)
both = orders.join(users, lambda order, user: order).left_join(stock, lambda order, found: order)
WIDE = Topology(
    "wide",
    both.to(Topic("checked", key=str, value=str)),
    orders.filter(bool).to(Topic("kept", key=str, value=str)),
    orders.filter_not(bool)
    .map_values(str.upper)
    .group_by_key()
    .count("empty")
    .to_stream()
    .to(Topic("counts", key=str, value=int)),
)


@pytest.mark.parametrize("topology", [*TOPOLOGIES, WIDE, everything.TOPOLOGY], ids=lambda one: one.name)
def test_diagrams_are_readable(topology: Topology) -> None:
    """No box on another, all inside, arrows go right and touch their boxes; the same every time."""
    for sub in plan(topology, codec_for, ["eu-orders"]).subtopologies:
        graph = graph_of(sub)
        drawn = layout(graph)
        assert drawn == layout(graph)
        assert [placed.box for placed in drawn.boxes] == list(graph.boxes)
        for one, other in combinations(drawn.boxes, 2):
            apart = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert apart or abs(one.y - other.y) >= HEIGHT, f"{one.box.label} and {other.box.label}"
        check_inside(drawn)
        places = {placed.box.id: placed for placed in drawn.boxes}
        for (start, end), points in zip(graph.arrows, drawn.arrows, strict=True):
            assert points[0] == (places[start].x + places[start].width, places[start].y + HEIGHT / 2)
            assert points[-1] == (places[end].x, places[end].y + HEIGHT / 2)
            assert [x for x, _ in points] == sorted(x for x, _ in points)


@pytest.mark.parametrize("length", range(33))
def test_a_box_is_made_for_its_label(length: int) -> None:
    """Nothing is cut that the box could hold; what is too long ends with an ellipsis."""
    (placed,) = layout(Graph(0, (Box("a", "table", "table", "x" * length),), ())).boxes
    assert placed.text == ("x" * length if length <= 30 else "x" * 29 + "…")


def check_inside(drawn: Layout) -> None:
    """Every box lies on the plane."""
    for placed in drawn.boxes:
        assert placed.x >= 0
        assert placed.y >= 0
        assert placed.x + placed.width <= drawn.width
        assert placed.y + placed.height <= drawn.height


def test_steps_are_named_by_their_functions() -> None:
    """With file and line as a tooltip; a lambda by its file."""
    (sub,) = plan(WIDE, codec_for).subtopologies
    boxes = {(box.caption, box.label) for box in graph_of(sub).boxes}
    assert ("join", "lambda in test_console_parts.py") in boxes
    assert ("left join", "lambda in test_console_parts.py") in boxes
    assert ("count", "") in boxes
    assert ("table", "empty") in boxes
    assert {label for caption, label in boxes if caption == "topic"} == {
        "orders",
        "users",
        "stock",
        "checked",
        "kept",
        "counts",
    }
