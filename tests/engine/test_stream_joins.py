"""Joins of two streams at the boundaries of their windows, and at random against a plain model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import End, JoinWindows, Record, Topic, Topology, join_windows, stream
from streamapp.testing.driver import TopologyDriver

LEFT = Topic("left", key=str, value=str)
RIGHT = Topic("right", key=str, value=str)
OUT = Topic("out", key=str, value=str)

How = Literal["inner", "left", "outer"]


def both(left: str | None, right: str | None) -> str:
    """Shows the two sides, a missing one as a dot."""
    return f"{left or '.'}{right or '.'}"


def joined(how: How, within: JoinWindows) -> Topology:
    """The join of the two topics."""
    left, right = stream(LEFT), stream(RIGHT)
    ends: dict[How, End] = {
        "inner": left.join(right, both, "j", within=within).to(OUT),
        "left": left.left_join(right, both, "j", within=within).to(OUT),
        "outer": left.outer_join(right, both, "j", within=within).to(OUT),
    }
    return Topology("t", ends[how])


def results(driver: TopologyDriver) -> list[tuple[str, int]]:
    """Values and timestamps that came out since the last call."""
    return [(record.value, record.timestamp) for record in driver.read(OUT)]


def test_both_ends_of_the_window_are_inside() -> None:
    """A right record joins from `before` ms earlier to `after` ms later, and not a millisecond beyond."""
    with TopologyDriver(joined("inner", join_windows(before=3, after=5, grace=100))) as driver:
        driver.pipe(LEFT, "k", "a", timestamp=10)
        for timestamp in (6, 7, 15, 16):
            driver.pipe(RIGHT, "k", str(timestamp), timestamp=timestamp)
        assert results(driver) == [("a7", 10), ("a15", 15)]


def test_a_left_record_finds_right_ones_by_the_same_window() -> None:
    """The window is that of the left record, whichever of the two comes last."""
    with TopologyDriver(joined("inner", join_windows(before=3, after=5, grace=100))) as driver:
        for timestamp in (6, 7, 15, 16):
            driver.pipe(RIGHT, "k", str(timestamp), timestamp=timestamp)
        driver.pipe(LEFT, "k", "a", timestamp=10)
        assert results(driver) == [("a7", 10), ("a15", 15)]


def test_records_of_one_key_and_time_are_all_kept() -> None:
    """Duplicates join one by one, in the order they came."""
    with TopologyDriver(joined("inner", join_windows(1, grace=10))) as driver:
        for value in ("x", "y", "x"):
            driver.pipe(RIGHT, "k", value, timestamp=5)
        driver.pipe(LEFT, "k", "a", timestamp=5)
        assert results(driver) == [("ax", 5), ("ay", 5), ("ax", 5)]


def test_an_unmatched_left_record_leaves_after_its_window_and_grace() -> None:
    """Not at `after + grace` beyond its time, but a millisecond later, before the matches of that record."""
    with TopologyDriver(joined("left", join_windows(before=9, after=5, grace=2))) as driver:
        driver.pipe(LEFT, "k", "a", timestamp=10)
        driver.pipe(RIGHT, "z", "-", timestamp=17)
        assert results(driver) == []
        driver.pipe(LEFT, "z", "b", timestamp=18)
        assert results(driver) == [("a.", 10), ("b-", 18)]


def test_an_unmatched_right_record_leaves_after_before_and_grace() -> None:
    """The right side's window looks the other way."""
    with TopologyDriver(joined("outer", join_windows(before=9, after=5, grace=2))) as driver:
        driver.pipe(RIGHT, "k", "x", timestamp=10)
        driver.pipe(RIGHT, "k", "y", timestamp=21)
        assert results(driver) == []
        driver.pipe(RIGHT, "k", "z", timestamp=22)
        assert results(driver) == [(".x", 10)]


def test_a_late_record_without_a_partner_does_not_wait() -> None:
    """A record whose window is over already gives its result at once."""
    with TopologyDriver(joined("left", join_windows(5, grace=100))) as driver:
        driver.pipe(LEFT, "k", "a", timestamp=50)
        driver.pipe(LEFT, "k", "b", timestamp=44)
        assert results(driver) == [("b.", 44)]
        driver.pipe(LEFT, "k", "c", timestamp=45)
        assert results(driver) == []


def test_null_keys_and_values() -> None:
    """An outer side keeps a null key and joins it with None; a null value is dropped (KIP-962)."""
    with TopologyDriver(joined("left", join_windows(5))) as driver:
        driver.pipe(LEFT, None, "a", timestamp=1)
        driver.pipe(LEFT, "k", None, timestamp=1)
        driver.pipe(RIGHT, None, "x", timestamp=1)
        assert driver.read(OUT) == [Record(None, "a.", 1)]
        assert driver.dropped == {"j": 2}


def test_a_restart_changes_nothing() -> None:
    """Records, what waits and the shared time come back from the changelogs."""
    with TopologyDriver(joined("outer", join_windows(5, grace=2))) as driver:
        driver.pipe(LEFT, "k", "a", timestamp=10)
        driver.pipe(RIGHT, "q", "x", timestamp=11)
        driver.restart()
        driver.pipe(RIGHT, "k", "y", timestamp=15)
        driver.restart()
        driver.pipe(LEFT, "z", "b", timestamp=19)
        assert results(driver) == [("ay", 15), (".x", 11)]


def test_old_records_are_removed() -> None:
    """What no record can find any more goes from the store, with its index: each commit removes it."""
    with TopologyDriver(joined("inner", join_windows(5, grace=2))) as driver:
        for timestamp in range(0, 1_000, 10):
            driver.pipe(LEFT, f"k{timestamp}", "a", timestamp=timestamp)
            if timestamp % 250 == 0:
                driver.commit()
        driver.commit()
        assert len(driver.table("j-this-join-store")) < 5
        assert len(driver.table("j-this-join-store-times")) < 5


def test_a_self_join_in_two_stores_and_in_one() -> None:
    """A record joins itself, the earlier ones as left and as right; one store gives what two give."""
    within = join_windows(before=5, after=0, grace=10)
    expected = [("aa", 1), ("ba", 3), ("bb", 3), ("cc", 2)]
    one = stream(LEFT)
    for single_store in (False, True):
        end = one.join(one, both, "j", within=within, single_store=single_store).to(OUT)
        with TopologyDriver(Topology("t", end)) as driver:
            driver.pipe(LEFT, "k", "a", timestamp=1)
            driver.pipe(LEFT, "k", "b", timestamp=3)
            driver.pipe(LEFT, "q", "c", timestamp=2)
            assert results(driver) == expected


class Given(NamedTuple):
    """An input."""

    left: bool
    key: str
    time: int


class Model:
    """Joins by looking at every pair, with a list of all records and a set of those that wait."""

    def __init__(self, how: How, windows: JoinWindows) -> None:
        self.alone = (how != "inner", how == "outer")
        self.windows = windows
        self.now = -1
        self.seen: list[tuple[Given, str]] = []
        self.waiting: list[tuple[Given, str]] = []

    def window(self, left: bool) -> tuple[int, int]:
        """How far a record of a side looks back and ahead."""
        before, after = self.windows.before, self.windows.after
        return (before, after) if left else (after, before)

    def visible(self, record: Given) -> bool:
        """Whether the store of its side has not let go of it yet."""
        latest = max(other.time for other, _ in self.seen if other.left == record.left)
        return record.time > latest - self.windows.size - self.windows.grace

    def pipe(self, record: Given, value: str) -> set[tuple[str, str, int]]:
        """Key, value and time of what comes out."""
        self.now = max(self.now, record.time)
        before, after = self.window(record.left)
        found = [
            (other, text)
            for other, text in self.seen
            if other.left != record.left and other.key == record.key and self.visible(other)
            if record.time - before <= other.time <= record.time + after
        ]
        results = set()
        for other, text in found:
            pair = (value, text) if record.left else (text, value)
            results.add((record.key, both(*pair), max(record.time, other.time)))
            self.waiting = [(one, it) for one, it in self.waiting if one != other]
        if not found and self.alone[not record.left]:
            self.waiting.append((record, value))
        self.seen.append((record, value))
        return results


RECORDS = st.lists(st.builds(Given, st.booleans(), st.sampled_from("ab"), st.integers(0, 40)), max_size=25)
WINDOWS = st.builds(JoinWindows, st.integers(0, 8), st.integers(0, 8), st.integers(0, 6))


def matches(
    how: How, windows: JoinWindows, records: Sequence[Given]
) -> list[tuple[set[tuple[str, str, int]], Record[str, str]]]:
    """For each result, what the model lets match at that moment, and what came out."""
    model, found = Model(how, windows), []
    with TopologyDriver(joined(how, windows)) as driver:
        for at, record in enumerate(records):
            driver.pipe(LEFT if record.left else RIGHT, record.key, chr(65 + at), timestamp=record.time)
            expected = model.pipe(record, chr(65 + at))
            out = driver.read(OUT)
            assert {one[:3] for one in out if "." not in one.value} == expected
            found += [(expected, one) for one in out]
    return found


@settings(deadline=None, max_examples=150)
@given(WINDOWS, RECORDS)
def test_inner_joins_agree_with_the_model(windows: JoinWindows, records: list[Given]) -> None:
    """Every pair near enough in time, once, when the later of the two comes."""
    found = matches("inner", windows, records)
    assert len({one[1].value for one in found}) == len(found)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["left", "outer"]), WINDOWS, RECORDS)
def test_unmatched_records_leave_once_and_only_without_a_partner(
    how: Literal["left", "outer"], windows: JoinWindows, records: list[Given]
) -> None:
    """Matches are those of the model; a record leaves alone at most once, and never when it has matched before."""
    alone: set[str] = set()
    matched: set[str] = set()
    for _, one in matches(how, windows, [*records, Given(True, "z", 1_000), Given(True, "z", 2_000)]):
        if "." in one.value:
            text = one.value.replace(".", "")
            assert text not in alone | matched
            alone.add(text)
        else:
            matched |= set(one.value)
    sides = {chr(65 + at): record.left for at, record in enumerate(records)}
    if how == "outer":
        assert alone | matched >= set(sides)
    else:
        assert alone | matched >= {text for text, left in sides.items() if left}


def test_prompt_records_leave_with_any_record_that_moves_time() -> None:
    """Kafka Streams lets a left record wait until a right one is `before` later still; `prompt` does not."""
    for prompt, expected in ((False, []), (True, [("a", "l1.")])):
        with TopologyDriver(joined("left", join_windows(before=1_000, prompt=prompt))) as driver:
            driver.pipe(LEFT, "a", "l1", timestamp=5)
            driver.pipe(RIGHT, "b", "r1", timestamp=6)
            assert driver.pairs(OUT) == expected


def test_prompt_records_leave_one_after_the_other() -> None:
    """Each as soon as its own window is over, though others still wait."""
    with TopologyDriver(joined("left", join_windows(after=10, prompt=True))) as driver:
        for time in (1, 2, 3):
            driver.pipe(LEFT, "a", f"l{time}", timestamp=time)
        for time, expected in ((11, []), (12, ["l1."]), (13, ["l2."]), (14, ["l3."])):
            driver.pipe(RIGHT, "b", "r", timestamp=time)
            assert [value for _, value in driver.pairs(OUT)] == expected
