"""Stores in memory beside stores on the disk: one commit, one position, and what comes back of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamapp.state import ChangedStateError, Query, StateError, TaskState
from tests.unit.state.stores import IDENTITY, Stores, key_value, windows
from tests.unit.state.test_task_state import full_disk

TOTALS = replace(key_value(), in_memory=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "app" / "0_0"


def filled(folder: Path, *specs: Any) -> Stores:
    """Both stores with a row, committed."""
    stores = Stores("rocksdb", folder, *specs)
    stores["totals"].put("a", 1, 1)
    stores["per-minute"].put("a", 0, 2, 2)
    stores.commit()
    return stores


def test_both_come_back(folder: Path) -> None:
    """What is in memory comes from its log, from its beginning; what is on the disk from there."""
    stores = filled(folder, TOTALS, windows())
    known = stores.state.position
    assert known is not None
    assert known.changelogs == {"totals": 1, "per-minute": 1}
    stores.logs["per-minute"].clear()  # it must not be needed
    stores.reopen()
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [("a", 0, 2)])
    stores.state.close()


def test_a_new_start_knows_nothing_of_what_was_in_memory(folder: Path) -> None:
    """Its position is forgotten with its rows, or it would be restored from there on."""
    filled(folder, TOTALS, windows()).state.close()
    state = TaskState.open(folder, [TOTALS, windows()], IDENTITY)
    assert state.position is not None
    assert state.position.changelogs == {"per-minute": 1}
    assert list(state.scan("totals")) == []
    state.close()


def test_readers_see_commits_alone(folder: Path) -> None:
    """The committed view of a store in memory changes when the disk's does."""
    stores = filled(folder, TOTALS, windows())
    everything, seen = Query(), []
    stores["totals"].put("a", 9, 9)
    seen += [row.value for row in stores.committed("totals").scan(everything)]
    stores.commit()
    seen += [row.value for row in stores.committed("totals").scan(everything)]
    assert seen == [1, 9]
    stores.state.close()


def test_a_commit_that_fails_changes_neither(folder: Path) -> None:
    """The disk is full: memory stands at the last commit, too, and all is still dirty."""
    stores = filled(folder, TOTALS, windows())
    stores["totals"].put("a", 5, 5)
    stores["per-minute"].put("a", 0, 5, 5)
    position = stores.state.position
    assert position is not None
    with full_disk(folder), pytest.raises(StateError):
        stores.state.commit(position)
    stores.state.rollback()
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [("a", 0, 2)])
    stores.state.close()


def test_a_store_moves_to_memory_and_back(folder: Path) -> None:
    """Wherever it goes it begins empty and is restored whole; rows it once had there do not come back."""
    stores = filled(folder, key_value(), windows())
    for spec in (TOTALS, key_value()):
        stores.specs = [spec, windows()]
        stores.reopen()
        assert stores.rows("totals") == [("a", stores.commits)]
        stores["totals"].put("a", stores.commits + 1, 1)
        stores.commit()
    stores.state.close()


def test_a_store_that_loses_or_gets_a_log_is_another(folder: Path) -> None:
    """Rows from before would be in no log."""
    filled(folder, replace(key_value(), log="none"), windows()).state.close()
    with pytest.raises(ChangedStateError, match="no log"):
        TaskState.open(folder, [key_value(), windows()], IDENTITY)
