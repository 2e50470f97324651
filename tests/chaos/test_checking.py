"""The checkers find what is planted: without that, a fault that breaks everything could pass."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.chaos.checking import Findings, check_once, check_running, check_table, highest
from tests.chaos.events import Input
from tests.chaos.faults.stamps import windows_of
from tests.chaos.pipeline import Total
from tests.chaos.rows import Outcome, row

COUNT = 5_000


@pytest.fixture(scope="module")
def data() -> Input:
    """An input of some thousand events."""
    made = Input(7)
    for _ in made.take(COUNT):
        pass
    return made


def updates(data: Input) -> list[tuple[str, Total]]:
    """Every update of the table of totals, as a worker without faults gives them."""
    running: dict[str, Total] = {}
    found = []
    for key, event in data.keyed():
        before = running.get(key, Total())
        running[key] = Total(before.count + 1, before.checksum + event.sequence)
        found.append((key, running[key]))
    return found


def test_what_is_right_is_clean(data: Input) -> None:
    """In any order of the outputs."""
    outputs = list(data.sequences)
    random.Random(1).shuffle(outputs)
    assert check_once("outputs", data.sequences, outputs).clean
    assert check_running("total", updates(data)).clean
    assert check_table("total", data.totals(), dict(updates(data))).clean
    assert sum(total.count for total in data.per_group().values()) == COUNT


def test_a_lost_output_is_found(data: Input) -> None:
    """One of thousands."""
    found = check_once("outputs", data.sequences, [n for n in data.sequences if n != 1234])
    assert (found.lost, found.doubled) == (1, 0)
    assert "1234" in found.wrong[0]


def test_a_doubled_output_is_found(data: Input) -> None:
    """Also when another is lost, so that the number is right."""
    found = check_once("outputs", data.sequences, [*[n for n in data.sequences if n != 17], 4321])
    assert (found.lost, found.doubled) == (1, 1)


def test_an_output_nobody_has_sent_is_found(data: Input) -> None:
    """It is neither lost nor doubled, and it is wrong."""
    found = check_once("outputs", data.sequences, [*data.sequences, COUNT])
    assert (found.lost, found.doubled) == (0, 0)
    assert not found.clean


@pytest.mark.parametrize(
    ("plant", "lost", "doubled"),
    [
        (lambda total: Total(total.count - 1, total.checksum), 1, 0),
        (lambda total: Total(total.count + 2, total.checksum), 0, 2),
        (lambda total: Total(total.count, total.checksum + 1), 0, 0),
    ],
)
def test_a_wrong_aggregate_is_found(data: Input, plant: Callable[[Total], Total], lost: int, doubled: int) -> None:
    """A count too low, too high, and one event taken for another."""
    table = data.totals()
    key = sorted(table)[3]
    found = check_table("total", data.totals(), table | {key: plant(table[key])})
    assert (found.lost, found.doubled) == (lost, doubled)
    assert key in found.wrong[0]


def test_a_missing_and_a_strange_row_are_found(data: Input) -> None:
    """The events of a missing row are lost, those of a strange one doubled."""
    table = data.totals()
    gone = table.pop(sorted(table)[0])
    found = check_table("total", data.totals(), table | {"nobody": Total(2, 0)})
    assert (found.lost, found.doubled) == (gone.count, 2)


def test_an_update_made_from_an_older_state_is_found(data: Input) -> None:
    """Although the last value is right again."""
    found = updates(data)
    key, total = found[2_000]
    planted = [*found[:2_001], (key, total), *found[2_001:]]
    assert check_running("total", planted).doubled == 1
    assert check_running("total", [*found[:2_000], *found[2_001:]]).lost == 1
    assert check_table("total", data.totals(), dict(planted)).clean


def test_what_may_repeat_is_counted_and_clean(data: Input) -> None:
    """Of outputs, of updates from where a worker died on, and of rows behind a repartition topic."""
    numbers = list(data.sequences)
    assert check_once("outputs", numbers, [*numbers, 5, 6], repeats=True) == Findings(repeated=2)
    found = updates(data)
    again = [*found[:3_000], *found[2_500:]]
    checked = check_running("total", again, repeats=True)
    assert checked.clean
    assert checked.repeated > 0
    assert highest([*found, *found[:100]]) == data.totals()
    table = data.totals()
    key = sorted(table)[3]
    more = table | {key: Total(table[key].count + 1, table[key].checksum + 7)}
    assert check_table("per-group", table, more, repeats=True) == Findings(repeated=1)


def test_what_is_lost_or_strange_is_found_where_others_may_repeat(data: Input) -> None:
    """An output, an update, an event of a row, and an event nobody has sent."""
    numbers = list(data.sequences)
    assert check_once("outputs", numbers, [*numbers[1:], 5], repeats=True).lost == 1
    assert not check_once("outputs", numbers, [*numbers, COUNT], repeats=True).clean
    found = updates(data)
    assert check_running("total", [*found[:2_000], *found[2_001:]], repeats=True).lost == 1
    table = data.totals()
    key = sorted(table)[3]
    less = table | {key: Total(table[key].count - 1, table[key].checksum)}
    assert check_table("per-group", table, less, repeats=True).lost == 1
    assert not check_table("per-group", table, table | {"nobody": Total(2, 0)}, repeats=True).clean


def test_a_window_that_closed_early_is_found(data: Input) -> None:
    """It is given without its last event, or given twice."""
    windows = windows_of(data)
    name = max(windows, key=lambda one: windows[one].count)
    early = Total(windows[name].count - 1, windows[name].checksum - 1)
    assert check_table("windows", windows, windows | {name: early}).lost == 1
    assert check_once("windows", list(windows), [*windows, name]).doubled == 1


def test_the_worse_of_two_checks_counts() -> None:
    """Both may have found the same event."""
    both = Findings(lost=1, wrong=("a",)) | Findings(lost=3, doubled=1, wrong=("b",))
    assert both == Findings(3, 1, ("a", "b"))


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Outcome(injected=0, wanted=0), "it never happened"),
        (Outcome(injected=2, wanted=3), "it happened 2 times, not 3"),
        (Outcome(injected=1, broken=["code 1"]), "code 1"),
        (Outcome(injected=1, findings=Findings(lost=1, wrong=("outputs missing",))), "outputs missing"),
    ],
)
def test_a_row_that_is_not_ok_says_why(outcome: Outcome, why: str) -> None:
    """A fault that did not happen proves nothing."""
    line = row("sigkill", 3, outcome)
    assert line["ok"] is False
    assert line["why"] == why


def test_a_row_that_is_ok_has_the_columns_others_read() -> None:
    """And no other."""
    assert row("sigkill", 3, Outcome(injected=1, expected=9, recovery_s=1.26)) == {
        "fault": "sigkill",
        "seed": 3,
        "injected": 1,
        "expected": 9,
        "lost": 0,
        "doubled": 0,
        "recovery_s": 1.3,
        "ok": True,
    }
