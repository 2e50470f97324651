"""Tables as they are read beside the tasks: order, pages, searches, and only what is committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Topic, stream
from streamapp.engine.specs import StoreSpec, TableSpec
from streamapp.errors import UsageError
from streamapp.formats import codec_for, json
from streamapp.state import Identity, Position, TaskState
from streamapp.worker.reading import Page, Reader
from streamapp.worker.shown import plain, text

HOUR = 3_600_000


class Pair(msgspec.Struct, frozen=True):
    """A key of two parts."""

    left: str
    right: int


@dataclass
class Holder:
    """A task with nothing but state; `ends` counts the rows its log has been told."""

    state: TaskState
    ends: int = 0

    def put(self, table: str, *rows: tuple[Any, ...]) -> None:
        """Sets rows: what the store's `put` takes."""
        for row in rows:
            store: Any = self.state.stores[table]
            store.put(*row)
            self.ends += 1

    def commit(self) -> None:
        """Commits them."""
        self.state.commit(Position(changelogs=dict.fromkeys(self.state.stores, self.ends)))


def counts(key: Any = str, format_: Any = None) -> StoreSpec:
    """A table without windows."""
    return StoreSpec("counts", "key-value", codec_for(key, format_), codec_for(int))


HOURLY = StoreSpec("hourly", "window", codec_for(str), codec_for(int), window_size=HOUR, subtopology=1)


NODE = stream(Topic("in", key=str, value=int)).node


def table_of(spec: StoreSpec) -> TableSpec:
    """The table that is all of a store."""
    return TableSpec(
        spec.name,
        spec.kind,
        spec,
        NODE,
        attached=None,
        key=spec.key,
        windows=None,
        windowed_keys=False,
        sessions=False,
        index=None,
        retention=None,
    )


class Bench:
    """A topology's tables in as many tasks as asked for."""

    def __init__(self, *specs: StoreSpec, partitions: int = 1) -> None:
        every = [(sub, number) for sub in (0, 1) for number in range(partitions)]
        self.tasks = {
            task: Holder(TaskState.open(None, [spec for spec in specs if spec.subtopology == task[0]], Identity()))
            for task in every
        }
        self.reader = Reader([table_of(spec) for spec in specs], every, self.tasks)

    def put(self, spec: StoreSpec, *rows: tuple[Any, ...], partition: int = 0) -> None:
        """Commits rows in one task."""
        self.tasks[spec.subtopology, partition].put(spec.name, *rows)
        self.tasks[spec.subtopology, partition].commit()

    def keys(self, table: str, **query: Any) -> list[Any]:
        """The keys of all rows, page after page."""
        return [row["key"] for row in self.all(table, **query)]

    def all(self, table: str, **query: Any) -> list[dict[str, Any]]:
        """All rows, page after page."""
        return [row for page in self.pages(table, **query) for row in page.items]

    def pages(self, table: str, **query: Any) -> Iterator[Page]:
        """All pages."""
        page = self.reader.read(table, **query)
        yield page
        while page.next is not None:
            page = self.reader.read(table, **query, cursor=page.next)
            yield page


def test_rows_of_all_tasks_stand_in_the_order_of_their_keys() -> None:
    """Which task has a key does not show."""
    bench = Bench(counts(), partitions=2)
    bench.put(counts(), ("a", 1, 10), ("c", 3, 30))
    bench.put(counts(), ("b", 2, 20), ("d", 4, 40), partition=1)
    assert bench.all("counts") == [
        {"key": key, "window": None, "value": number, "timestamp": 10 * number} for number, key in enumerate("abcd", 1)
    ]


def test_windows_come_newest_first_with_their_end() -> None:
    """Over all tasks, and by key backwards within a window."""
    bench = Bench(HOURLY, partitions=2)
    bench.put(HOURLY, ("a", 0, 1, 5), ("a", 2 * HOUR, 3, 6))
    bench.put(HOURLY, ("b", HOUR, 2, 7), ("b", 2 * HOUR, 4, 8), partition=1)
    rows = bench.all("hourly")
    assert [(row["key"], row["window"]["start"] // HOUR, row["value"]) for row in rows] == [
        ("b", 2, 4),
        ("a", 2, 3),
        ("b", 1, 2),
        ("a", 0, 1),
    ]
    assert rows[0]["window"] == {"start": 2 * HOUR, "end": 3 * HOUR}
    assert rows[0]["timestamp"] == 8


@pytest.mark.parametrize("spec", [counts(), HOURLY], ids=["key-value", "window"])
def test_only_what_is_committed_is_shown(spec: StoreSpec) -> None:
    """A row that may still be undone, changed or deleted is as it was at the last commit."""
    bench = Bench(spec)
    task, start = bench.tasks[spec.subtopology, 0], (0,) if spec is HOURLY else ()
    bench.put(spec, ("kept", *start, 1, 0), ("gone", *start, 2, 0))
    task.put(spec.name, ("kept", *start, 100, 1), ("gone", *start, None, 1), ("new", *start, 3, 1))
    assert {row["key"]: row["value"] for row in bench.all(spec.name)} == {"kept": 1, "gone": 2}
    assert [row["value"] for row in bench.all(spec.name, key="kept")] == [1]
    assert bench.all(spec.name, key="new") == []
    assert bench.reader.find(spec.name, "gone") == 2
    task.commit()
    assert {row["key"]: row["value"] for row in bench.all(spec.name)} == {"kept": 100, "new": 3}


rows_of_tasks = st.lists(
    st.tuples(st.integers(0, 2), st.text("ab", min_size=1, max_size=3), st.integers(0, 4)), max_size=30, unique=True
)


@given(rows=rows_of_tasks, limit=st.integers(1, 7), prefix=st.sampled_from([None, "a", "ab"]))
def test_pages_are_the_whole_cut_in_pieces(rows: list[tuple[int, str, int]], limit: int, prefix: str | None) -> None:
    """Whatever the size of a page, no row is missing or repeated, also when several tasks have a key."""
    bench = Bench(counts(), HOURLY, partitions=3)
    for partition, key, hour in rows:
        bench.put(counts(), (key, hour, 0), partition=partition)
        bench.put(HOURLY, (key, hour * HOUR, partition, 0), partition=partition)
    for table in ("counts", "hourly"):
        pages = list(bench.pages(table, limit=limit, prefix=prefix))
        assert all(len(page.items) == limit for page in pages[:-1])
        assert [row for page in pages for row in page.items] == bench.reader.read(
            table, limit=1000, prefix=prefix
        ).items
    wanted = [(hour * HOUR, key, partition) for partition, key, hour in rows if key.startswith(prefix or "")]
    assert [
        (row["window"]["start"], row["key"], row["value"]) for row in bench.all("hourly", limit=limit, prefix=prefix)
    ] == sorted(wanted, reverse=True)


@given(rows=rows_of_tasks, limit=st.integers(1, 3), first=st.integers(0, 4), last=st.integers(0, 5))
def test_pages_of_one_key_keep_to_its_windows(
    rows: list[tuple[int, str, int]], limit: int, first: int, last: int
) -> None:
    """A key with times gives just those windows, cut in pieces all the same."""
    bench = Bench(HOURLY, partitions=3)
    for partition, key, hour in rows:
        bench.put(HOURLY, (key, hour * HOUR, partition, 0), partition=partition)
    found = bench.all("hourly", key="a", from_ms=first * HOUR, to_ms=last * HOUR, limit=limit)
    wanted = [(hour * HOUR, partition) for partition, key, hour in rows if key == "a" and first <= hour < last]
    assert [(row["window"]["start"], row["value"]) for row in found] == sorted(wanted, reverse=True)


def test_rows_that_come_and_go_between_two_pages_hide_no_other() -> None:
    """A cursor names the last row by its place, so the next page begins behind it even when it is gone."""
    bench = Bench(counts())
    bench.put(counts(), *((key, 1, 0) for key in "bdfh"))
    page = bench.reader.read("counts", limit=2)
    assert [row["key"] for row in page.items] == ["b", "d"]
    bench.put(counts(), ("d", None, 1), ("a", 1, 1), ("e", 1, 1))
    page = bench.reader.read("counts", limit=2, cursor=page.next)
    assert [row["key"] for row in page.items] == ["e", "f"]


@pytest.mark.parametrize(
    ("type_", "format_", "keys", "wanted", "found"),
    [
        (str, None, ["7", "seven"], "7", ["7"]),
        (str, json, ["7", 'say "7"'], 'say "7"', ['say "7"']),
        (int, None, [7, 70, -7], "7", [7]),
        (int, None, [7], "seven", []),
        (int, None, [7], "7.0", []),
        (float, None, [7.0, 7.5], "7.0", [7.0]),
        (bytes, None, [b"seven", b"\xff\x00"], "seven", [b"seven"]),
        (bytes, None, [b"seven", b"\xff\x00"], '{"base64":"/wA="}', [b"\xff\x00"]),
        (Pair, None, [Pair("a", 1), Pair("a", 2)], '{"left":"a","right":2}', [Pair("a", 2)]),
        (tuple[str, int], None, [("a", 1), ("a", 2)], '["a",2]', [("a", 2)]),
        (None, None, ["7", 7, ("a", 2)], "7", [7, "7"]),
        (None, None, ["7", 7, ("a", 2)], '["a",2]', [("a", 2)]),
        (str, None, ["ä\u2028", "a"], "ä\u2028", ["ä\u2028"]),
    ],
)
def test_a_key_is_found_by_its_text(type_: Any, format_: Any, keys: list[Any], wanted: str, found: list[Any]) -> None:
    """Text as it is, everything else as the JSON a page shows."""
    spec = counts(type_, format_)
    bench = Bench(spec)
    bench.put(spec, *((key, 1, 0) for key in keys))
    assert bench.keys("counts", key=wanted) == found
    assert {text(plain(key)) for key in found} <= {wanted}


@pytest.mark.parametrize(
    ("type_", "keys", "prefix", "found"),
    [
        (str, ["10", "1", "21", "12"], "1", ["1", "10", "12"]),
        (int, [10, 1, 21, 12], "1", [1, 10, 12]),
        (bytes, [b"\xff", b"ab", b"b"], "a", [b"ab"]),
        (None, ["10", 1, 21], "1", [1, "10"]),
        (str, ["a\uffff", "a", "b"], "a", ["a", "a\uffff"]),
    ],
)
def test_a_prefix_is_one_of_the_text_that_is_shown(type_: Any, keys: list[Any], prefix: str, found: list[Any]) -> None:
    """Whatever the type of the key."""
    spec = counts(type_)
    bench = Bench(spec)
    bench.put(spec, *((key, 1, 0) for key in keys))
    assert bench.keys("counts", prefix=prefix) == found


def test_times_cut_by_the_start_of_windows() -> None:
    """From is included, to is not; times before 1970 and far away do no harm."""
    bench = Bench(HOURLY)
    bench.put(HOURLY, *(("a", hour * HOUR, hour, 0) for hour in range(5)))

    def hours(**times: int) -> list[int]:
        return [row["value"] for row in bench.all("hourly", **times)]

    assert hours(from_ms=HOUR, to_ms=3 * HOUR) == [2, 1]
    assert hours(from_ms=HOUR + 1) == [4, 3, 2]
    assert hours(to_ms=HOUR + 1) == [1, 0]
    assert hours(from_ms=-5, to_ms=1) == [0]
    assert hours(to_ms=-5) == []
    assert hours(from_ms=2**63 - 1) == []
    assert [row["value"] for row in bench.all("hourly", key="a", from_ms=-5, to_ms=HOUR)] == [0]
    assert bench.all("hourly", key="a", to_ms=-5) == []


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [("b", "d", "bcd"), ("bb", None, "cde"), (None, "b", "ab"), ("f", None, ""), ("c", "c", "c")],
)
def test_a_range_of_keys_has_both_ends(start: str | None, end: str | None, found: str) -> None:
    """In the order of the encoded keys; of windows those whose key is in it; the keys need not be there."""
    bench = Bench(counts(), HOURLY, partitions=2)
    for number, key in enumerate("abcde"):
        bench.put(counts(), (key, number, 0), partition=number % 2)
        bench.put(HOURLY, (key, number * HOUR, number, 0), partition=number % 2)
    assert bench.keys("counts", start_key=start, end_key=end, limit=2) == list(found)
    assert bench.keys("hourly", start_key=start, end_key=end, limit=2) == list(found)[::-1]


def test_bounds_that_cannot_be_are_refused() -> None:
    """What is no key of the table, and an end before the start."""
    bench = Bench(counts(int))
    with pytest.raises(UsageError, match="start_key 'seven' is not a key of table 'counts': write it as its rows show"):
        bench.reader.read("counts", start_key="seven")
    with pytest.raises(UsageError, match=r"start_key '3' is behind end_key '2', .*: exchange them"):
        bench.reader.read("counts", start_key="3", end_key="2")


def test_one_call_looks_at_a_bounded_number_of_rows() -> None:
    """A search for what is rare gives short pages, and finds it in the end."""
    bench = Bench(HOURLY)
    bench.reader = Reader([table_of(HOURLY)], [], bench.tasks, at_once=10)
    bench.put(HOURLY, *((f"k{number:02}", HOUR, number, 0) for number in range(35)), ("rare", 0, -1, 0))
    pages = list(bench.pages("hourly", prefix="rare"))
    assert [len(page.items) for page in pages] == [0, 0, 0, 1]
    assert pages[-1].items[0]["value"] == -1


@pytest.mark.parametrize("cursor", ["1", "nonsense", "", "é", "lgOh", "kw", "a" * 5000])
def test_a_cursor_that_was_made_up_is_refused(cursor: str) -> None:
    """With the cursor, the table and the remedy."""
    with pytest.raises(UsageError, match="is not one that table 'counts' gave: begin again without a cursor"):
        Bench(counts()).reader.read("counts", cursor=cursor)


def test_a_cursor_of_another_table_is_refused() -> None:
    """Also when it is like ours in all but the name or the windows."""
    other = replace(counts(), name="others")
    bench = Bench(counts(), other, HOURLY)
    bench.put(other, ("a", 1, 0), ("b", 1, 0))
    bench.put(HOURLY, ("a", 0, 1, 0), ("b", 0, 1, 0))
    for table in ("others", "hourly"):
        cursor = bench.reader.read(table, limit=1).next
        with pytest.raises(UsageError, match="'counts'"):
            bench.reader.read("counts", cursor=cursor)
    renamed = Reader([table_of(replace(HOURLY, name="others"))], [], {})
    with pytest.raises(UsageError):
        renamed.read("others", cursor=bench.reader.read("others", limit=1).next)


def test_tasks_that_run_elsewhere_are_named() -> None:
    """Of the table's own sub-topology only."""
    bench = Bench(counts(), HOURLY, partitions=3)
    assert bench.reader.read("counts").incomplete == []
    del bench.tasks[0, 1], bench.tasks[1, 2]
    assert bench.reader.read("counts").incomplete == ["0_1"]
    assert bench.reader.read("hourly").incomplete == ["1_2"]


def test_the_version_follows_commits_and_tasks() -> None:
    """It changes with each commit that wrote something, and when a task comes or goes; not by reading or processing."""
    bench = Bench(counts(), partitions=2)
    seen = [bench.reader.version("counts")]

    def changed() -> bool:
        seen.append(bench.reader.version("counts"))
        return seen[-1] != seen[-2]

    bench.put(counts(), ("a", 1, 0))
    assert changed()
    bench.reader.read("counts")
    bench.tasks[0, 0].put("counts", ("a", 2, 0))
    assert not changed()
    bench.tasks[0, 0].commit()
    assert changed()
    gone = bench.tasks.pop((0, 0))
    assert changed()
    bench.tasks[0, 0] = gone
    assert changed()


def test_one_value_is_found_by_its_key() -> None:
    """In whichever task; in a table with windows the newest."""
    bench = Bench(counts(), HOURLY, partitions=2)
    bench.put(counts(), ("a", 1, 0), partition=1)
    bench.put(HOURLY, ("a", 0, 1, 0), ("a", HOUR, 2, 0), ("b", 5 * HOUR, 3, 0))
    assert bench.reader.find("counts", "a") == 1
    assert bench.reader.find("hourly", "a") == 2
    with pytest.raises(KeyError):
        bench.reader.find("counts", "b")
