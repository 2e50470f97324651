"""What a restore reads, and when it must not even begin."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streamapp.errors import ConfigurationError
from streamapp.kafka import Fetched
from streamapp.kafka.interfaces import Consumer
from streamapp.state import Position, StateError
from streamapp.worker.metadata import TaskMetadata
from streamapp.worker.names import Names
from streamapp.worker.recovery import AT_ONCE, Restore, restore_of
from streamapp.worker.restoration import Restoration, Speed
from tests.unit.worker.test_running import running

NAMES = Names("app-t")
LOG = (NAMES.changelog("per-minute"), 0)


def planned(start: int, end: int, position: int | None = None, committed_end: int | None = None) -> Restore:
    """The restore of a store at `position`, of a log from `start` to `end`, that a commit wrote up to an offset."""
    task = running(TaskMetadata(ends={} if committed_end is None else {"per-minute": committed_end}))
    if position is not None:
        task.state.commit(Position(changelogs={"per-minute": position}))
    (spec,) = task.subtopology.stores
    return restore_of(task, spec, NAMES, {LOG: start}, {LOG: end}, {})


def test_a_log_is_read_from_where_the_store_stands_to_what_was_committed() -> None:
    """What lies behind that was never final; without such a word, to the end of the log."""
    assert (planned(0, 90, 30, 80).position, planned(0, 90, 30, 80).end) == (30, 80)
    assert (planned(0, 90).position, planned(0, 90).end) == (0, 90)
    assert planned(40, 90, 40, 80).position == 40


def test_a_log_that_no_longer_begins_early_enough_is_refused() -> None:
    """With the number it lacks, and the remedy."""
    with pytest.raises(ConfigurationError, match=r"begins at offset 41, .* from 40: .*streamapp TOPOLOGY reset"):
        planned(41, 90, 40, 80)


@pytest.mark.parametrize("position", [None, 80])
def test_a_log_that_ends_before_the_last_commit_is_refused(position: int | None) -> None:
    """It was deleted and made anew: to go on would count from nothing, or leave a log that cannot be restored."""
    with pytest.raises(ConfigurationError, match=r"ends at offset 12, .* up to 80: .*streamapp TOPOLOGY reset"):
        planned(0, 12, position, 80)


def fetch(first: int, keys: list[bytes]) -> Fetched:
    """Rows of windows that begin at 0, from an offset on; the value is the offset."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for number, key in enumerate(keys):
        builder.append(number, 5, key + bytes(8), b"%d" % (first + number), [])
    data = bytearray(builder.build())
    data[:8] = first.to_bytes(8, "big")
    return Fetched(LOG, first, first + len(keys), None, [MemoryRecords(bytes(data)).next_batch()])


def restored(restore: Restore) -> dict[str, int]:
    """The rows of the store."""
    return {row.key: row.value for row in restore.task.state.scan("per-minute")}


async def test_what_is_collected_is_written_at_the_end_with_its_position() -> None:
    """The last value of a key; nothing behind the end, though it came in the same batch."""
    restore = planned(0, 90, committed_end=5)
    restore.absorb(fetch(0, [b"a", b"b", b"a"]))
    assert (restore.due, restore.complete, restored(restore)) == (False, False, {})
    restore.absorb(fetch(3, [b"c", b"b", b"a", b"d"]))
    assert (restore.due, restore.complete, restore.records) == (True, False, 5)
    await restore.write()
    assert restore.complete
    assert restored(restore) == {"a": 2, "b": 4, "c": 3}
    assert restore.task.log_ends == {"per-minute": 5}


async def test_many_rows_are_written_in_steps_and_the_position_with_the_last() -> None:
    """Between two steps others run; a process that dies there reads the same rows again."""
    restore = planned(0, 2 * AT_ONCE + 1)
    restore.absorb(fetch(0, [b"k%d" % number for number in range(2 * AT_ONCE + 1)]))
    writing = asyncio.ensure_future(restore.write())
    await asyncio.sleep(0)
    assert len(restored(restore)) == AT_ONCE
    assert restore.task.log_ends == {"per-minute": 0}
    await writing
    assert len(restored(restore)) == 2 * AT_ONCE + 1
    assert restore.task.log_ends == {"per-minute": 2 * AT_ONCE + 1}


def test_speed_is_that_of_the_last_seconds() -> None:
    """In records and in offsets, of which a compacted log has more."""
    speed = Speed()
    assert speed.of() == (0.0, 0.0)
    for now, records in ((0, 0), (10, 1_000), (20, 21_000)):
        speed.note(now, records, 2 * records)
    assert speed.of() == (2_000.0, 4_000.0)


class FailingReader:
    """A consumer that ends a restore with an error at its first fetch."""

    def assign(self, partitions: object) -> None:
        """Nothing is ever fetched."""

    def seek(self, at: object, offset: int) -> None:
        """Nothing is ever fetched."""

    async def take(self, partitions: object, timeout_s: float) -> dict[tuple[str, int], Fetched]:
        """Fails."""
        raise StateError("no space left")


async def halted(restoration: Restoration, restore: Restore) -> None:
    """Begins a restore that fails at once, and halts it as a rebalance does, before anybody has asked."""
    restoration.go_on(cast(Consumer, FailingReader()), [restore])
    await asyncio.sleep(0.01)
    await restoration.halt()


async def test_what_ended_a_restore_is_told_though_it_was_halted_first() -> None:
    """Once: a store that could not be written would never be complete; nobody asks when its task is closed."""
    restore, restoration = planned(0, 90), Restoration("t")
    await halted(restoration, restore)
    with pytest.raises(StateError, match="no space left"):
        restoration.check()
    restoration.check()
    await halted(restoration, restore)
    restoration.forget([restore.task.id])
    restoration.check()
