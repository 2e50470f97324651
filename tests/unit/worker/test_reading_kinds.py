"""Tables of every kind as they are read beside the tasks: what a row is, in which order, and cut in pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Session, Topic, Topology, Windowed, global_table, session, sliding, stream, table, tumbling
from streamapp.engine.global_task import GlobalTask
from streamapp.engine.plan import plan
from streamapp.engine.task import Task
from streamapp.errors import NotHereError, UsageError
from streamapp.formats import codec_for
from streamapp.settings import Settings
from streamapp.state import Identity, Position, TaskState
from streamapp.state.table_reader import Row, TableReaders
from streamapp.worker.reading import Page, Reader
from streamapp.worker.shell import build_shell
from tests.unit import everything

IN = Topic("in", key=str, value=int)
RATES = Topic("rates", key=str, value=int)
PRODUCTS = Topic("products", key=int, value=str)
TUMBLING = Topic("tumbling-counts", key=Windowed[str], value=int)
SESSIONS = Topic("session-counts", key=Session[str], value=int)

grouped = stream(IN).group_by_key()
visits = grouped.windowed_by(session(10, grace=1_000)).count("visits", retention=10_000)
slides = grouped.windowed_by(sliding(10)).count("slides", retention=10_000)
minutes = grouped.windowed_by(tumbling(10)).count("minutes", retention=10_000)
TOPOLOGY = Topology(
    "kinds",
    visits,
    slides,
    minutes.filter(lambda count: count > 1, "busy"),
    visits.filter(lambda count: count > 1, "long"),
    stream(IN).join(table(RATES, "rates", history=100), lambda one, other: one).to(Topic("out", key=str, value=int)),
    stream(IN).join(
        global_table(PRODUCTS, "products"), lambda one, other: one, key=lambda value: value
    ).to(Topic("out", key=str, value=int)),
    table(TUMBLING, "read-windows"),
    table(SESSIONS, "read-sessions"),
)  # fmt: skip


class Held:
    """A task, and its state."""

    def __init__(self, sub: Any, partition: int, globals_: Any) -> None:
        self.state = TaskState.open(None, sub.stores, Identity())
        self.task = Task(sub, partition, self.state.stores, application="app", global_stores=globals_)
        self.commits = 0

    def process(self, topic: str, *records: tuple[Any, Any, int]) -> None:
        """Processes and commits records: key, value and timestamp."""
        sources = {source.topic: source for source in self.task.subtopology.sources}
        key, value = sources[topic].key.encode, sources[topic].value.encode
        self.task.process(topic, [(at, time, key(k), value(v), ()) for at, (k, v, time) in enumerate(records)])
        self.task.expire()
        self.commits += 1
        ends = dict.fromkeys(self.state.stores, self.commits)
        self.state.commit(Position(changelogs=ends, times=self.task.times()))


class Kinds:
    """The topology in some partitions."""

    def __init__(self, partitions: int = 1) -> None:
        self.plan = plan(TOPOLOGY, codec_for)
        self.global_state = TaskState.open(None, [one.store for one in self.plan.globals], Identity())
        self.tasks = {
            (sub.number, partition): Held(sub, partition, self.global_state.stores)
            for sub in self.plan.subtopologies
            for partition in range(partitions)
        }
        self.reader = Reader(self.plan.tables, list(self.tasks), self.tasks, lambda: self.global_state)

    def process(self, topic: str, *records: tuple[Any, Any, int], partition: int = 0) -> None:
        """In the sub-topology that reads the topic."""
        for sub in self.plan.subtopologies:
            if any(source.topic == topic for source in sub.sources):
                self.tasks[sub.number, partition].process(topic, *records)

    def pages(self, table: str, **query: Any) -> Iterator[Page]:
        """All pages."""
        page = self.reader.read(table, **query)
        yield page
        while page.next is not None:
            page = self.reader.read(table, **query, cursor=page.next)
            yield page

    def rows(self, table: str, **query: Any) -> list[tuple[Any, ...]]:
        """Key, start, end and value of all rows, page after page."""
        found = []
        for page in self.pages(table, **query):
            for row in page.items:
                window = row["window"] or {"start": None, "end": None}
                found.append((row["key"], window["start"], window["end"], row["value"]))
        return found


def test_sessions_have_both_ends_and_come_by_the_latest() -> None:
    """Of all tasks; the end is the last event, the timestamp too; what was merged is gone."""
    kinds = Kinds(2)
    kinds.process("in", ("ada", 1, 100), ("ada", 1, 105), ("bob", 1, 103), ("ada", 1, 300))
    kinds.process("in", ("eve", 1, 104), ("eve", 1, 112), partition=1)
    assert kinds.rows("visits") == [
        ("ada", 300, 300, 1),
        ("eve", 104, 112, 2),
        ("ada", 100, 105, 2),
        ("bob", 103, 103, 1),
    ]
    assert kinds.reader.read("visits", key="eve").items[0]["timestamp"] == 112
    kinds.process("in", ("ada", 1, 112))
    assert ("ada", 100, 112, 3) in kinds.rows("visits")
    assert ("ada", 100, 105, 2) not in kinds.rows("visits")


def test_sliding_windows_have_both_ends() -> None:
    """The newest start first."""
    kinds = Kinds()
    kinds.process("in", ("ada", 1, 100), ("ada", 1, 104))
    assert kinds.rows("slides") == [("ada", 101, 111, 1), ("ada", 94, 104, 2), ("ada", 90, 100, 1)]


def test_tables_made_of_windows_show_them_too() -> None:
    """They are kept by key, and read in that order; topics of windowed keys do not tell how long windows are."""
    kinds = Kinds()
    kinds.process("in", ("bob", 1, 100), ("bob", 1, 105), ("ada", 1, 120), ("ada", 1, 129), ("ada", 1, 140))
    assert kinds.rows("busy") == [("ada", 120, 130, 2), ("bob", 100, 110, 2)]
    assert kinds.rows("long") == [("ada", 120, 129, 2), ("bob", 100, 105, 2)]
    assert kinds.rows("busy", key="bob") == [("bob", 100, 110, 2)]
    assert kinds.rows("busy", from_ms=105) == [("ada", 120, 130, 2)]
    kinds.process("tumbling-counts", (Windowed("ada", 5, 0), 7, 9))
    assert kinds.rows("read-windows") == [("ada", 5, None, 7)]
    kinds.process("session-counts", (Session("ada", 5, 9), 7, 9), (Session("ad", 1, 2), 8, 9))
    assert kinds.rows("read-sessions", key="ada") == [("ada", 5, 9, 7)]


def test_a_search_finds_windows_by_key_and_start() -> None:
    """The whole key, how it begins, and the time a window starts; each alone and together."""
    kinds = Kinds()
    kinds.process("in", *((key, 1, time) for time in (100, 200, 300) for key in ("ab", "a", "b")))
    for name in ("visits", "slides"):
        assert {row[0] for row in kinds.rows(name, prefix="a")} == {"a", "ab"}
        assert {row[0] for row in kinds.rows(name, key="a")} == {"a"}
        assert [row[1] for row in kinds.rows(name, key="a", from_ms=150, to_ms=250)] == {
            "visits": [200],
            "slides": [190],
        }[name]
        assert {row[0] for row in kinds.rows(name, start_key="ab", end_key="b")} == {"ab", "b"}
    assert [row[1] for row in kinds.rows("visits", from_ms=200, limit=1)] == [300, 300, 300, 200, 200, 200]


def test_a_session_that_ends_later_than_asked_is_found_by_its_start() -> None:
    """`to` is about where windows start, though sessions are kept in the order of their ends."""
    kinds = Kinds()
    kinds.process("in", *(("ada", 1, time) for time in range(100, 150, 10)), ("bob", 1, 145))
    assert kinds.rows("visits", to_ms=101) == [("ada", 100, 140, 5)]
    assert kinds.rows("visits", key="ada", to_ms=101) == [("ada", 100, 140, 5)]
    assert kinds.rows("visits", from_ms=101) == [("bob", 145, 145, 1)]


events = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["a", "ab", "b", ""]), st.integers(0, 60)), max_size=25)


@given(events, st.integers(1, 4), st.sampled_from(["visits", "slides", "busy", "long"]))
def test_pages_are_the_whole_cut_in_pieces(found: list[tuple[int, str, int]], limit: int, name: str) -> None:
    """Whatever the size of a page, no row is missing or repeated, also when several tasks have a key."""
    kinds = Kinds(2)
    for partition, key, time in found:
        kinds.process("in", (key, 1, time), partition=partition)
    whole = kinds.reader.read(name, limit=1000).items
    assert [row for page in kinds.pages(name, limit=limit) for row in page.items] == whole
    if name == "visits":
        ends = [row["window"]["end"] for row in whole]
        assert ends == sorted(ends, reverse=True)


def test_a_table_with_a_history_shows_any_time_of_it() -> None:
    """The last values, or those of a time; a deleted key is there as of the time before."""
    kinds = Kinds()
    kinds.process("rates", ("eur", 1, 10), ("usd", 5, 20), ("eur", 2, 30), ("eur", 3, 40))
    assert kinds.rows("rates") == [("eur", None, None, 3), ("usd", None, None, 5)]
    assert kinds.rows("rates", as_of=35, limit=1) == [("eur", None, None, 2), ("usd", None, None, 5)]
    assert kinds.rows("rates", as_of=15) == [("eur", None, None, 1)]
    assert kinds.rows("rates", as_of=35, key="eur") == [("eur", None, None, 2)]
    assert kinds.rows("rates", as_of=35, start_key="f") == [("usd", None, None, 5)]
    assert kinds.rows("rates", as_of=5) == []
    assert kinds.reader.read("rates", as_of=35, key="eur").items[0]["timestamp"] == 30


def test_of_times_before_the_history_only_what_still_holds_is_known() -> None:
    """The rule of joins (`source_as_of`): 100 ms of history behind a stream time of 300."""
    kinds = Kinds()
    kinds.process("rates", ("eur", 1, 10), ("usd", 5, 20), ("eur", 2, 300))
    for query in ({}, {"key": "usd"}):
        assert kinds.rows("rates", as_of=199, **query) == [("usd", None, None, 5)]
    assert kinds.rows("rates", as_of=199, key="eur") == []
    assert kinds.rows("rates", as_of=200, key="eur") == [("eur", None, None, 1)]


def test_global_tables_are_read_like_others() -> None:
    """All of the topic, whichever tasks are here; while they are not loaded that is said."""
    kinds = Kinds()
    task = GlobalTask(kinds.plan.globals, kinds.global_state.stores, application="app")
    for partition, key in enumerate((b"7", b"5")):
        task.process("products", partition, [(0, 1, key, b"tea", ())])
    assert kinds.rows("products") == []
    kinds.global_state.commit(Position(changelogs={"products": 2}))
    assert kinds.rows("products") == [(5, None, None, "tea"), (7, None, None, "tea")]
    assert kinds.rows("products", key="7") == [(7, None, None, "tea")]
    assert kinds.reader.version("products") == [(0, 2)]
    waiting = Reader(kinds.plan.tables, list(kinds.tasks), kinds.tasks).read("products")
    assert (waiting.items, waiting.incomplete) == ([], ["global"])


def test_a_cursor_of_another_kind_is_refused() -> None:
    """A session's has two times in it, a window's one."""
    kinds = Kinds()
    kinds.process("in", ("a", 1, 100), ("b", 1, 100))
    cursor = kinds.reader.read("visits", limit=1).next
    with pytest.raises(UsageError, match="begin again without a cursor"):
        kinds.reader.read("slides", cursor=cursor)


def test_one_value_is_found_by_its_key() -> None:
    """That of the newest session."""
    kinds = Kinds()
    kinds.process("in", ("a", 1, 100), ("a", 1, 300), ("a", 1, 305))
    assert kinds.reader.find("visits", "a") == 2
    with pytest.raises(KeyError):
        kinds.reader.find("visits", "b")


def test_typed_readers_give_what_is_committed() -> None:
    """In the tasks that are here; a row that may be in another is asked for in vain, and that is said."""
    kinds = Kinds(2)
    table = TableReaders("kinds", kinds.plan.tables, kinds.reader.parts)
    kinds.process("in", ("ada", 1, 100))
    kinds.process("in", ("bob", 1, 50), partition=1)
    kinds.tasks[0, 0].task.process("in", [(9, 105, b"ada", b"1", ())])
    assert list(table(visits).fetch("ada")) == [Row(Session("ada", 100, 100), 1, 100)]
    assert [row.key.key for row in table(visits).fetch_all()] == ["bob", "ada"]
    held = kinds.tasks.pop((0, 1))
    with pytest.raises(NotHereError, match="'visits': tasks 0_1 are not in this process now"):
        table(visits).fetch("bob")
    assert [row.key.key for row in table(visits, partial=True).fetch_all()] == ["ada"]
    kinds.tasks[0, 1] = held
    assert [row.key.key for row in table(visits).prefix("b")] == ["bob"]


def test_faust_lists_the_tables_of_authors(tmp_path: Path) -> None:
    """And none that steps keep for themselves."""
    shell = build_shell(Settings(state_dir=tmp_path), [everything.TOPOLOGY])
    assert set(shell.tables) == everything.TABLES
