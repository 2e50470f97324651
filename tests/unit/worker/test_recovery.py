"""What a restore reads, and when it must not even begin."""

from __future__ import annotations

import pytest

from streamapp.errors import ConfigurationError
from streamapp.state import Position
from streamapp.worker.metadata import TaskMetadata
from streamapp.worker.names import Names
from streamapp.worker.recovery import Restore, restore_of
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
