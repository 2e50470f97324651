"""A topology run again in memory: order, partitions, causes, and that nothing of it is felt outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamapp import Topic, Topology, global_table, session, stream, table
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.replay.change import Cause, Change
from streamapp.replay.run import Replay
from tests.engine.tasks import row

IN = Topic("in", key=str, value=str)
ROWS = Topic("rows", key=str, value=str)
OUT = Topic("out", key=str, value=str)

WIDTHS = {"in": 2, "rows": 2, "by-value-repartition": 3}


def first_byte(count: int) -> Callable[[bytes | None], int]:
    """A partitioner that tests can foresee."""
    return lambda key: 0 if key is None else key[0] % count


def both(left: str, right: str | None) -> str:
    """Both values."""
    return f"{left}+{right}"


def replayed(topology: Topology, *watch: str) -> tuple[Replay, list[Change], list[Any]]:
    """A run, the changes it tells and the values it writes."""
    changes: list[Change] = []
    written: list[Any] = []
    run = Replay(
        plan(topology, codec_for),
        "app",
        WIDTHS,
        first_byte,
        watch=watch,
        changed=changes.append,
        wrote=lambda sink, output: written.append((sink.topic, output[3])),
    )
    return run, changes, written


def test_a_change_behind_a_repartition_topic_has_the_record_of_the_source_as_its_cause() -> None:
    """The records of two partitions meet in one row, in the order of time."""
    counted = stream(IN).group_by(lambda value: value, "by-value").count("counted")
    run, changes, _ = replayed(Topology("t", counted), "counted")
    run.add("in", 0, [row(0, "a", "x", 10), row(1, "a", "x", 30)], 2)
    run.add("in", 1, [row(0, "b", "x", 20)], 1)
    for partition, end in ((0, 2), (1, 1)):
        run.set_end("in", partition, end)
    run.run()
    assert [(change.row.key, change.row.value, change.cause) for change in changes] == [
        ("x", 1, Cause("in", 0, 0)),
        ("x", 2, Cause("in", 1, 0)),
        ("x", 3, Cause("in", 0, 1)),
    ]
    assert {change.partition for change in changes} == {ord("x") % 3}


def test_a_partition_that_has_not_come_to_its_end_is_waited_for() -> None:
    """The tables of a join are as of the stream's time."""
    joined = stream(IN).left_join(table(ROWS, "rows"), both).to(OUT)
    run, _, written = replayed(Topology("t", joined))
    for topic in ("in", "rows"):
        run.set_end(topic, 1, 0)
        run.add(topic, 1, [], 0)
        run.set_end(topic, 0, 1)
    run.add("in", 0, [row(0, "a", "l", 5)], 1)
    run.run()
    assert written == []
    run.add("rows", 0, [row(0, "a", "r", 4)], 1)
    run.run()
    assert written == [("out", codec_for(str, None).encode("l+r"))]


def test_global_tables_are_as_of_the_time_of_what_asks_them() -> None:
    """A rule changed later is not known before; its rows have causes too."""
    joined = stream(IN).left_join(global_table(ROWS, "rules"), both, key=lambda key, value: key).to(OUT)
    run, changes, written = replayed(Topology("t", joined), "rules")
    for topic, rows in (
        ("in", [row(0, "a", "1", 5), row(1, "a", "2", 9)]),
        ("rows", [row(0, "a", "old", 1), row(1, "a", "new", 7)]),
    ):
        run.add(topic, 0, rows, 2)
        run.set_end(topic, 0, 2)
        run.add(topic, 1, [], 0)
        run.set_end(topic, 1, 0)
    run.run()
    assert [value for _, value in written] == [codec_for(str, None).encode(text) for text in ("1+old", "2+new")]
    assert [(change.row.value, change.cause.offset) for change in changes] == [("old", 0), ("new", 1)]


def test_what_a_failed_record_put_is_no_change() -> None:
    """It is undone, and counted."""

    def add(total: int, value: str) -> int:
        if value == "bad":
            raise ValueError(value)
        return total + 1

    aggregated = stream(IN).group_by_key().aggregate(int, add, "counted")
    kept = stream(IN).to_table("kept")
    topology = Topology("t", kept, aggregated)
    run, changes, _ = replayed(topology, "counted", "kept")
    run.add("in", 0, [row(0, "a", "bad", 1), row(1, "a", "good", 2)], 2)
    run.set_end("in", 0, 2)
    run.set_end("in", 1, 0)
    run.add("in", 1, [], 0)
    run.run()
    assert {change.row.value for change in changes} == {"good", 1}
    assert run.failed == 1


@pytest.mark.parametrize("step", ["peek", "for_each", "print"])
def test_effects_do_not_happen_again(step: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is told twice; what comes behind a peek comes."""
    done: list[str] = []
    steps: dict[str, Callable[[], Any]] = {
        "peek": lambda: stream(IN).peek(done.append).to(OUT),
        "for_each": lambda: stream(IN).for_each(done.append),
        "print": lambda: stream(IN).print(label="in"),
    }
    run, _, written = replayed(Topology("t", steps[step]()))
    run.add("in", 0, [row(0, "a", "x", 1)], 1)
    run.set_end("in", 0, 1)
    run.add("in", 1, [], 0)
    run.set_end("in", 1, 0)
    run.run()
    assert done == []
    assert capsys.readouterr().out == ""
    assert len(written) == (step == "peek")


def test_the_changes_of_sessions_are_told() -> None:
    """A session that grows is one row that goes and one that comes, both with their cause."""
    counted = stream(IN).group_by_key().windowed_by(session(10)).count("counted")
    run, changes, _ = replayed(Topology("t", counted), "counted")
    run.add("in", 0, [row(0, "a", "x", 10), row(1, "a", "x", 15)], 2)
    run.add("in", 1, [], 0)
    for partition, end in ((0, 2), (1, 0)):
        run.set_end("in", partition, end)
    run.run()
    assert [(change.row.start, change.row.end, change.row.value, change.cause) for change in changes] == [
        (10, 10, 1, Cause("in", 0, 0)),
        (10, 10, None, Cause("in", 0, 1)),
        (10, 15, 2, Cause("in", 0, 1)),
    ]
