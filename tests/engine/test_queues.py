"""Which partition's records come next, compared record by record with the rule itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streamapp.engine.queues import NEVER_WAIT, RecordQueues
from streamapp.engine.records import Row

LEFT, RIGHT = ("left", 0), ("right", 0)


def rows(*timestamps: int, first: int = 0) -> list[Row]:
    """Records with these timestamps at consecutive offsets."""
    return [(first + at, timestamp, None, None, ()) for at, timestamp in enumerate(timestamps)]


def two_queues(max_task_idle_ms: int = 0) -> RecordQueues:
    """Two empty partitions that stand at offset 0 of empty logs."""
    queues = RecordQueues([LEFT, RIGHT], max_task_idle_ms)
    for at in (LEFT, RIGHT):
        queues.seek(*at, 0)
        queues.set_end(*at, 0)
    return queues


def drain(queues: RecordQueues, limit: int = 100) -> list[tuple[str, list[int]]]:
    """Topic and timestamps of every run there is."""
    runs = []
    while (run := queues.take(0, limit)) is not None:
        runs.append((run[0], [row[1] for row in run[2]]))
    return runs


def test_takes_a_run_until_another_head_is_lower() -> None:
    """The oldest head goes first, and its partition goes on until another's is older."""
    queues = two_queues()
    queues.add(*LEFT, rows(1, 3, 5), 3)
    queues.add(*RIGHT, rows(2, 4, 6), 3)
    queues.set_end(*LEFT, 3)
    queues.set_end(*RIGHT, 3)
    assert drain(queues) == [
        ("left", [1]),
        ("right", [2]),
        ("left", [3]),
        ("right", [4]),
        ("left", [5]),
        ("right", [6]),
    ]


def test_follows_the_time_tracking_of_kafka_without_look_ahead() -> None:
    """Only heads count: records behind an out-of-order one keep their place (PartitionGroupTest#testTimeTracking)."""
    queues = two_queues()
    queues.add(*LEFT, rows(1, 3, 5), 3)
    queues.add(*RIGHT, rows(2, 4, 6), 3)
    assert queues.take(0, 1) == ("left", 0, rows(1), 1)
    assert queues.take(0, 1) == ("right", 0, rows(2), 1)
    queues.add(*LEFT, rows(2, 4, first=3), 5)
    queues.set_end(*LEFT, 5)
    assert [timestamp for _, run in drain(queues) for timestamp in run] == [3, 4, 5, 2, 4, 6]


def test_equal_timestamps_go_in_the_order_of_the_partitions() -> None:
    """Ties are decided by place, so that every replay takes the same way."""
    queues = two_queues()
    queues.add(*RIGHT, rows(7, 7), 2)
    queues.add(*LEFT, rows(7, 7), 2)
    assert drain(queues) == [("left", [7, 7]), ("right", [7, 7])]


def test_an_empty_partition_with_lag_blocks() -> None:
    """What has not been fetched yet may be older, so the task waits for it (KIP-695)."""
    queues = two_queues()
    queues.add(*LEFT, rows(1), 1)
    queues.set_end(*RIGHT, 4)
    assert not queues.ready(0)
    assert queues.take(0, 10) is None
    queues.add(*RIGHT, rows(0), 4)
    assert queues.ready(0)
    assert drain(queues) == [("right", [0]), ("left", [1])]


def test_an_unknown_end_counts_as_lag() -> None:
    """Before the first answer about a log's end nobody can say that nothing is missing."""
    queues = RecordQueues([LEFT, RIGHT])
    queues.add(*LEFT, rows(1), 1)
    assert not queues.ready(0)


def test_minus_one_never_waits() -> None:
    """max.task.idle.ms = -1 takes what is there."""
    queues = RecordQueues([LEFT, RIGHT], NEVER_WAIT)
    queues.add(*LEFT, rows(1), 1)
    assert queues.take(0, 10) == ("left", 0, rows(1), 1)


def test_idle_time_waits_for_producers_and_then_goes_on() -> None:
    """A positive max.task.idle.ms also waits that long for a partition that has caught up."""
    queues = two_queues(max_task_idle_ms=50)
    queues.add(*LEFT, rows(1, 2), 2)
    assert queues.take(1000, 10) is None
    assert queues.take(1049, 10) is None
    assert queues.take(1050, 1) == ("left", 0, rows(1), 1)
    queues.add(*RIGHT, rows(9), 1)
    queues.set_end(*RIGHT, 1)
    assert queues.take(1051, 10) == ("left", 0, rows(2, first=1), 2)


def test_next_offset_leads_over_gaps() -> None:
    """After a run the partition goes on at its next record, or behind all that was fetched."""
    queues = RecordQueues([LEFT])
    queues.add(*LEFT, [(3, 1, None, None, ()), (8, 2, None, None, ())], 12)
    assert queues.take(0, 1) == ("left", 0, [(3, 1, None, None, ())], 8)
    assert queues.take(0, 1) == ("left", 0, [(8, 2, None, None, ())], 12)


def test_offsets_without_records_move_the_position() -> None:
    """A fetch that held only transaction markers still has to be committed."""
    queues = two_queues()
    queues.add(*LEFT, [], 5)
    assert queues.ready(0)
    assert queues.take(0, 10) == ("left", 0, (), 5)
    assert not queues.ready(0)
    assert queues.take(0, 10) is None


def test_seek_forgets_what_waits() -> None:
    """After a rollback nothing of the old position is left."""
    queues = two_queues()
    queues.add(*LEFT, rows(1, 2), 2)
    queues.seek(*LEFT, 0)
    assert queues.buffered(*LEFT) == 0
    assert queues.take(0, 10) is None


@given(
    st.lists(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4), min_size=1, max_size=3),
    st.integers(1, 5),
)
def test_runs_are_what_single_records_would_be(batches: list[list[list[int]]], limit: int) -> None:
    """Runs of any length come in the order in which records would be chosen one by one."""
    partitions = [(f"topic-{at}", 0) for at in range(len(batches))]
    queues = RecordQueues(partitions, NEVER_WAIT)
    flat: list[list[int]] = []
    for at, parts in zip(partitions, batches, strict=True):
        flat.append([])
        for part in parts:
            queues.add(*at, rows(*part, first=len(flat[-1])), len(flat[-1]) + len(part))
            flat[-1].extend(part)
    taken: list[tuple[str, int]] = []
    while (run := queues.take(0, limit)) is not None:
        topic, _, found, _ = run
        assert len(found) <= limit
        taken.extend((topic, row[1]) for row in found)
    assert taken == one_by_one(partitions, flat)


def one_by_one(partitions: Sequence[tuple[str, int]], timestamps: Sequence[Sequence[int]]) -> list[tuple[str, int]]:
    """The rule: of all heads the lowest timestamp, and of equals the first partition."""
    waiting = [deque(queue) for queue in timestamps]
    order = []
    while any(waiting):
        _, place = min((queue[0], place) for place, queue in enumerate(waiting) if queue)
        order.append((partitions[place][0], waiting[place].popleft()))
    return order
