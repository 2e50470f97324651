"""Tables whose rows go by themselves: when, in what order, what is passed on, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Table, Topic, Topology, stream, table
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.testing.driver import TopologyDriver
from tests.engine.tasks import bench, row

WORDS = Topic("words", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)
OUT = Topic("out", key=str, value=str)

TTL = 10


def mortal_words() -> Topology:
    """A topic as a table whose rows live 10 ms."""
    return Topology("words", table(WORDS, "words-of-keys", ttl=TTL).to_stream().to(OUT))


def counted() -> Topology:
    """Counts of keys that are forgotten after 10 ms."""
    counts = stream(WORDS).group_by_key().count("counts-of-keys", ttl=TTL)
    return Topology("counting", counts.to_stream().to(COUNTS))


def test_a_row_goes_when_it_is_older_than_the_time_to_live() -> None:
    """Not when it is just as old; before the record that moves time on, with a deletion of that time."""
    task = bench(mortal_words())
    assert task.process("words", row(0, "a", "x", 100), row(1, "b", "y", 110)) == [
        ("out", "a", "x", 100),
        ("out", "b", "y", 110),
    ]
    assert task.process("words", row(2, "c", "z", 111)) == [("out", "a", None, 111), ("out", "c", "z", 111)]
    assert task.table("words-of-keys") == {"b": "y", "c": "z"}


def test_a_record_renews_its_row() -> None:
    """Its timestamp counts, also when it is an older one than the row had."""
    task = bench(mortal_words())
    task.process("words", row(0, "a", "1", 100), row(1, "a", "2", 109), row(2, "b", "1", 109), row(3, "b", "2", 102))
    task.process("words", row(4, "c", "x", 113))
    assert task.table("words-of-keys") == {"a": "2", "c": "x"}


def test_the_oldest_go_first_and_of_one_time_by_key() -> None:
    """Whatever the order in which they came."""
    task = bench(mortal_words())
    task.process("words", row(0, "b", "x", 105), row(1, "a", "x", 105), row(2, "c", "x", 101))
    gone = task.process("words", row(3, "d", "x", 200))
    assert gone[:-1] == [("out", key, None, 200) for key in "cab"]


def test_a_deleted_row_is_not_deleted_again() -> None:
    """The index forgets it with the row."""
    task = bench(mortal_words())
    task.process("words", row(0, "a", "x", 100), row(1, "a", None, 101))
    assert task.process("words", row(2, "b", "x", 200)) == [("out", "b", "x", 200)]
    assert task.table("words-of-keys-times") == {(200, "b"): b""}


def test_a_record_as_old_is_late() -> None:
    """It changes nothing and is counted; one on the edge is kept."""
    task = bench(mortal_words())
    task.process("words", row(0, "a", "x", 100), row(1, "b", "y", 105))
    assert task.process("words", row(2, "a", "old", 94), row(3, "a", None, 94)) == []
    assert task.task.late == {"words-of-keys": 2}
    assert task.process("words", row(4, "c", "z", 95)) == [("out", "c", "z", 95)]


def test_a_null_key_moves_no_time() -> None:
    """It is dropped, whatever time it bears."""
    task = bench(mortal_words())
    task.process("words", row(0, "a", "x", 100), row(1, None, "y", 500), row(2, "b", "z", 101))
    assert task.table("words-of-keys") == {"a": "x", "b": "z"}


def test_an_aggregate_begins_anew() -> None:
    """What was counted before the row went is forgotten; each record renews it."""
    task = bench(counted())
    assert task.process("words", row(0, "a", "x", 100), row(1, "a", "x", 108), row(2, "a", "x", 118)) == [
        ("counts", "a", 1, 100),
        ("counts", "a", 2, 108),
        ("counts", "a", 3, 118),
    ]
    assert task.process("words", row(3, "a", "x", 129)) == [("counts", "a", None, 129), ("counts", "a", 1, 129)]


def test_tables_behind_are_told_what_the_row_was() -> None:
    """A sum of what a table has becomes less by what goes."""
    lengths = table(WORDS, "words-of-keys", ttl=TTL).group_by(lambda word: (word, 1), "by-word", key=str, value=int)
    topology = Topology("behind", lengths.count("keys-of-words").to_stream().to(COUNTS))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "x", 100)
        driver.pipe(WORDS, "b", "x", 105)
        driver.pipe(WORDS, "c", "y", 111)
        assert driver.pairs(COUNTS) == [("x", 1), ("x", 2), ("x", 1), ("y", 1)]


def test_a_record_that_fails_takes_nothing_with_it() -> None:
    """Rows that it made go are there again, and go with the next."""

    def refuse(word: str) -> str:
        if word == "bad":
            raise ValueError("no such word")
        return word

    topology = Topology("failing", table(WORDS, "words-of-keys", ttl=TTL).map_values(refuse).to_stream().to(OUT))
    task = bench(topology)
    task.process("words", row(0, "a", "x", 100))
    assert task.process("words", row(1, "b", "bad", 200)) == []
    assert (len(task.task.dead_letters), task.table("words-of-keys")) == (1, {"a": "x"})
    assert task.process("words", row(2, "b", "y", 111)) == [("out", "a", None, 111), ("out", "b", "y", 111)]


def test_its_topic_is_not_its_log() -> None:
    """Rows that went would come back from there; the index has a changelog, too."""
    stores = plan(mortal_words(), codec_for).stores
    assert [(store.name, store.log) for store in stores] == [
        ("words-of-keys", "changelog"),
        ("words-of-keys-times", "changelog"),
    ]


def test_the_index_is_not_a_table() -> None:
    """Nobody but the step looks at it."""
    assert [found.name for found in plan(mortal_words(), codec_for).tables] == ["words-of-keys"]


def to_table() -> Table[str, str]:
    """A stream as such a table."""
    return stream(WORDS).to_table("words-of-keys", ttl=TTL, materialized=False)


@pytest.mark.parametrize("make", [to_table, lambda: table(WORDS, "words-of-keys", ttl=TTL, materialized=False)])
def test_such_a_table_is_always_kept(make: Callable[[], Table[str, str]]) -> None:
    """Without rows there would be nothing to go."""
    task = bench(Topology("kept", make().to_stream().to(OUT)))
    task.process("words", row(0, "a", "x", 100))
    assert task.process("words", row(1, "b", "x", 111)) == [("out", "a", None, 111), ("out", "b", "x", 111)]


def test_waits_in_the_record_cache_like_other_changes() -> None:
    """A row that comes again in the same commit gives one change."""
    counts = stream(WORDS).group_by_key().count("counts-of-keys", ttl=TTL)
    topology = Topology("cached", counts.to_stream().to(COUNTS), cache_max_bytes=10_000)
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "x", 100)
        driver.commit()
        driver.pipe(WORDS, "b", "x", 111)
        driver.pipe(WORDS, "a", "x", 112)
        driver.commit()
        assert driver.pairs(COUNTS) == [("a", 1), ("b", 1), ("a", 1)]


Where = Literal["memory", "rocksdb"]
Given = list[tuple[str, str | None, int]]


def changes(given_: Given, *, store: Where = "memory", restarts: bool = False) -> list[tuple[Any, ...]]:
    """What comes out of the table, with a restart before every record or with none."""
    with TopologyDriver(mortal_words(), store=store) as driver:
        for key, value, time in given_:
            if restarts:
                driver.restart()
            driver.pipe(WORDS, key, value, time)
        return [(record.key, record.value, record.timestamp) for record in driver.read(OUT)]


def expected(given_: Given) -> list[tuple[Any, ...]]:
    """The rule, with no index."""
    rows: dict[str, tuple[str, int]] = {}
    out: list[tuple[Any, ...]] = []
    now = -1
    for key, value, time in given_:
        now = max(now, time)
        if time < now - TTL:
            continue
        for gone, (_, old) in sorted(rows.items(), key=lambda item: (item[1][1], item[0])):
            if old < now - TTL:
                del rows[gone]
                out.append((gone, None, now))
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = (value, time)
        out.append((key, value, time))
    return out


records = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None]), st.integers(0, 60)), max_size=30
)


@given(records)
def test_follows_the_rule(given_: Given) -> None:
    """Any records, in any order of times."""
    assert changes(given_) == expected(given_)


@given(records)
def test_a_restart_changes_nothing(given_: Given) -> None:
    """Rows, their order in time and the table's time come back."""
    assert changes(given_, restarts=True) == expected(given_)


def test_restarts_on_disk_change_nothing() -> None:
    """The same from RocksDB."""
    given_: Given = [("a", "x", 5), ("b", "y", 9), ("a", "z", 12), ("c", "x", 20), ("b", None, 21), ("d", "x", 40)]
    assert changes(given_, store="rocksdb", restarts=True) == expected(given_)
