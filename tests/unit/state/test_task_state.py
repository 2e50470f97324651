"""The stores of a task and their position: one commit, one record, one owner."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamapp.engine.records import Row
from streamapp.engine.specs import StoreSpec
from streamapp.formats import codec_for
from streamapp.state import (
    ChangedStateError,
    DamagedStateError,
    Identity,
    Position,
    StateError,
    TaskState,
    put_aside,
)
from streamapp.state.layout import FORMAT_VERSION
from tests.unit.state.conftest import Opener
from tests.unit.state.stores import IDENTITY, Stores, key_value, windows

POSITION = Position({"orders": 7}, {"totals": 3}, {"totals": 99}, {"per-minute": 2}, 1_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "app" / "0_0"


def row(offset: int, key: bytes | None, value: bytes | None, timestamp: int = 1) -> Row:
    """A record of a log."""
    return (offset, timestamp, key, value, ())


def test_importing_it_does_not_load_rocksdb() -> None:
    """Who keeps state in memory, or none, does not pay for it."""
    program = (
        "import sys; from streamapp.engine.specs import StoreSpec; from streamapp.state import Identity, TaskState; "
        "TaskState.open(None, (), Identity()); assert 'rocksdict' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_new_state_is_empty_and_has_no_position(opened: Opener) -> None:
    """Nothing was ever committed."""
    stores = opened(key_value(), windows())
    assert stores.state.position is None
    assert stores.state.empty
    assert stores.state.changes() == {"totals": [], "per-minute": []}


def test_the_position_is_that_of_the_last_commit(opened: Opener) -> None:
    """Dirty rows do not move it, nor make the state less empty."""
    stores = opened(key_value())
    stores.only().put("a", 1, 1)
    assert (stores.state.position, stores.state.empty) == (None, True)
    stores.state.commit(POSITION)
    assert (stores.state.position, stores.state.empty) == (POSITION, False)


def test_rows_and_position_are_found_together(folder: Path) -> None:
    """After a restart it stands where the last commit left it, to the letter."""
    state = TaskState.open(folder, [key_value(), windows()], IDENTITY)
    state.commit(POSITION)
    state.close()
    state = TaskState.open(folder, [key_value(), windows()], IDENTITY)
    assert state.position == POSITION
    state.close()


def test_what_was_not_committed_is_gone_after_a_restart(folder: Path) -> None:
    """Closing is not committing."""
    stores = Stores("rocksdb", folder, key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    stores.only().put("a", 2, 2)
    stores.only().put("b", 2, 2)
    stores.reopen()
    assert stores.rows("totals") == [("a", 1)]
    stores.state.close()


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file can grow beyond what the largest in `folder` has: the system refuses it, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(path.stat().st_size for path in folder.glob("*.log")), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_commit_that_fails_changes_nothing(folder: Path) -> None:
    """What was dirty stays dirty; it is no damage; after a restart it stands at the last commit."""
    stores = Stores("rocksdb", folder, key_value(), windows())
    stores["totals"].put("a", 1, 1)
    stores.commit()
    stores["totals"].put("a", 2, 2)
    stores["per-minute"].put("a", 0, 2, 2)
    changes, position = stores.state.changes(), stores.state.position
    with full_disk(folder), pytest.raises(StateError, match=r"cannot be used now .*--state-dir") as caught:
        stores.state.commit(POSITION)
    assert not isinstance(caught.value, DamagedStateError)
    assert (stores.state.changes(), stores.state.position) == (changes, position)
    assert stores["totals"].get("a") == (2, 2)
    stores.state.rollback()
    assert stores.rows("totals") == [("a", 1)]
    stores.reopen()
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [])
    stores.state.close()


def test_a_restore_that_fails_changes_nothing(folder: Path) -> None:
    """Its position stays, so that it can be tried again."""
    stores = Stores("rocksdb", folder, key_value())
    stores.commit()
    position = stores.state.position
    with full_disk(folder), pytest.raises(StateError, match="cannot be used now"):
        stores.state.restore("totals", [row(0, b"a", b"1")], 1)
    assert (stores.state.position, stores.rows("totals")) == (position, [])
    stores.state.close()


# -- restore -----------------------------------------------------------------------------------------------------------


def test_restores_a_store_from_its_log(opened: Opener) -> None:
    """The last word on each key counts, null keys do not, and the position says how far it is."""
    stores = opened(key_value(), windows())
    rows = [row(0, b"a", b"1"), row(1, b"b", b"2"), row(2, None, b"9"), row(3, b"a", b"3", 8), row(4, b"b", None)]
    stores.state.restore("totals", rows, 6)
    assert stores.rows("totals") == [("a", 3)]
    assert stores["totals"].get("a") == (3, 8)
    assert stores.state.position is not None
    assert stores.state.position.changelogs == {"totals": 6}
    assert stores.state.changes() == {"totals": [], "per-minute": []}


def test_restores_windows_from_kafkas_keys(opened: Opener) -> None:
    """Key bytes and start; a tombstone removes the window."""
    stores = opened(windows())
    stores.state.restore("per-minute", [row(0, b"a" + bytes(7) + b"\n", b"1"), row(1, b"b" + bytes(8), b"2")], 2)
    stores.state.restore("per-minute", [row(2, b"b" + bytes(8), None)], 3)
    assert stores.rows("per-minute") == [("a", 10, 1)]


def test_a_window_log_with_other_keys_is_refused(opened: Opener) -> None:
    """It cannot be the log of this store; that such a key was deleted again says nothing."""
    stores = opened(windows())
    with pytest.raises(ChangedStateError, match="no window start"):
        stores.state.restore("per-minute", [row(0, b"a", b"1")], 1)
    stores.state.restore("per-minute", [row(0, b"a", b"1"), row(1, b"a", None)], 2)
    assert stores.rows("per-minute") == []


@pytest.mark.parametrize("dirty", [False, True])
def test_tells_what_the_log_must_say_of_any_key(opened: Opener, dirty: bool) -> None:
    """Of rows that change, what they will be; of others, what they are; of what is no row, a tombstone."""
    stores = opened(key_value(), windows())
    state = stores.state
    state.restore("totals", [row(0, b"a", b"1", 5), row(1, b"b", b"2", 6)], 2)
    state.restore("per-minute", [row(0, b"a" + bytes(7) + b"\n", b"1", 7)], 1)
    if dirty:
        state.stores["totals"].put("a", 9, 8)  # type: ignore[attr-defined]  # it is a store of key and value
        state.stores["totals"].put("b", None, 9)  # type: ignore[attr-defined]
        state.stores["per-minute"].expire(20)  # type: ignore[attr-defined]
    assert state.logged("totals", {b"a": 50, b"b": 51, b"c": 52}) == (
        [(b"a", b"9", 8), (b"b", None, 9), (b"c", None, 52)]
        if dirty
        else [(b"a", b"1", 5), (b"b", b"2", 6), (b"c", None, 52)]
    )
    assert state.logged("per-minute", {b"a" + bytes(7) + b"\n": 50, b"short": 51}) == [
        (b"a" + bytes(7) + b"\n", None if dirty else b"1", 7),
        (b"short", None, 51),
    ]


def test_a_restore_that_was_interrupted_goes_on(folder: Path) -> None:
    """Each piece is in the folder with the position behind it; the position of sources and times stays."""
    stores = Stores("rocksdb", folder, key_value())
    stores.state.commit(POSITION)
    stores.state.restore("totals", [row(3, b"a", b"1")], 5)
    stores.reopen()
    assert stores.state.position == Position(
        POSITION.sources, {"totals": 5}, POSITION.times, POSITION.late, POSITION.committed_at
    )
    assert stores.rows("totals") == [("a", 1)]
    stores.state.close()


def test_a_first_restore_notes_when_it_began(folder: Path) -> None:
    """What a log's tombstones have deleted by then need not be looked for later."""
    stores = Stores("rocksdb", folder, key_value())
    before = int(time.time() * 1000)
    stores.state.restore("totals", [row(0, b"a", b"1")], 1)
    assert stores.state.position is not None
    began = stores.state.position.committed_at
    assert before <= began <= int(time.time() * 1000)
    stores.state.restore("totals", [row(1, b"a", b"2")], 2)
    assert stores.state.position.committed_at == began
    stores.state.close()


def test_restored_rows_replace_what_was_read_before(opened: Opener) -> None:
    """Nothing that was kept decoded, found or missing, outlives them."""
    stores = opened(key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    assert stores.only().get("b") is None
    stores.state.restore("totals", [row(1, b"a", b"5"), row(2, b"b", b"6")], 3)
    assert [stores.only().get(key) for key in "ab"] == [(5, 1), (6, 1)]


# -- which stores there are --------------------------------------------------------------------------------------------


def test_a_new_store_is_added_without_rows_or_position(folder: Path) -> None:
    """The others keep theirs."""
    stores = Stores("rocksdb", folder, key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    stores.specs = (key_value(), windows())
    stores.reopen()
    assert stores.state.position is not None
    assert "per-minute" not in stores.state.position.changelogs
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [])
    stores["per-minute"].put("a", 0, 1, 1)
    stores.commit()
    stores.reopen()
    assert stores.rows("per-minute") == [("a", 0, 1)]
    stores.state.close()


def test_a_store_that_went_and_came_back_is_restored_from_its_beginning(folder: Path) -> None:
    """Its old position would make the log look read."""
    stores = Stores("rocksdb", folder, key_value(), windows())
    stores["per-minute"].put("a", 0, 1, 1)
    stores.commit()
    stores.state.close()
    for specs in ([key_value()], [key_value(), windows()]):
        state = TaskState.open(folder, specs, IDENTITY)
        assert state.position is not None
        assert set(state.position.changelogs) == {"totals"}
        state.close()
    stores.open()
    assert stores.rows("per-minute") == [("a", 0, 1)]
    stores.state.close()


def test_a_store_called_like_rocksdbs_own_is_a_store(folder: Path) -> None:
    """Any name an author may give is kept apart."""
    stores = Stores("rocksdb", folder, key_value("default"))
    stores.only().put("record", 1, 1)
    stores.commit()
    stores.reopen()
    assert stores.rows("default") == [("record", 1)]
    stores.state.close()


@pytest.mark.parametrize(
    "changed",
    [
        windows("totals"),
        StoreSpec("totals", "key-value", codec_for(str), codec_for(int), log="source", source_topic="orders"),
    ],
    ids=["kind", "log"],
)
def test_a_store_declared_otherwise_is_refused(folder: Path, changed: StoreSpec) -> None:
    """It names the store and both remedies, and the folder stays as it was."""
    stores = Stores("rocksdb", folder, key_value(), windows())
    stores["totals"].put("a", 1, 1)
    stores["per-minute"].put("a", 0, 1, 1)
    stores.commit()
    stores.state.close()
    with pytest.raises(ChangedStateError, match=r"'totals' has changed state.*new name, or reset"):
        TaskState.open(folder, [changed], IDENTITY)
    stores.open()
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [("a", 0, 1)])
    stores.state.close()


def test_other_windows_are_another_store(folder: Path) -> None:
    """Rows of windows of another size would be read as these."""
    TaskState.open(folder, [windows()], IDENTITY).close()
    stores = Stores("rocksdb", folder, windows())
    stores.commit()
    stores.state.close()
    longer = StoreSpec("per-minute", "window", codec_for(str), codec_for(int), retention=100, window_size=20)
    with pytest.raises(ChangedStateError, match=r"window of 10 ms.*window of 20 ms"):
        TaskState.open(folder, [longer], IDENTITY)


def test_another_retention_is_no_change(folder: Path) -> None:
    """What is kept longer or shorter is written the same way."""
    stores = Stores("rocksdb", folder, windows())
    stores.commit()
    stores.state.close()
    longer = StoreSpec("per-minute", "window", codec_for(str), codec_for(int), retention=900, window_size=10)
    TaskState.open(folder, [longer], IDENTITY).close()


# -- whose folder it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Identity("another", IDENTITY.topic_ids), "cluster 'cluster', not 'another'"),
        (Identity("cluster", {"orders": "id-2"}), "'orders' was deleted and made again"),
        (Identity("cluster", IDENTITY.topic_ids, FORMAT_VERSION + 1), "its format is version"),
    ],
    ids=["cluster", "topic", "format"],
)
def test_a_folder_of_another_origin_is_not_believed(folder: Path, other: Identity, reason: str) -> None:
    """The message says what differs; put aside, a new one takes its place."""
    stores = Stores("rocksdb", folder, key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    stores.state.close()
    with pytest.raises(DamagedStateError, match=reason):
        TaskState.open(folder, [key_value()], other)
    put_aside(folder)
    state = TaskState.open(folder, [key_value()], other)
    assert (state.position, state.empty) == (None, True)
    state.close()


def test_the_folder_of_another_task_is_not_believed(folder: Path) -> None:
    """A folder that was copied or renamed holds another partition."""
    stores = Stores("rocksdb", folder, key_value())
    stores.commit()
    stores.state.close()
    moved = folder.rename(folder.with_name("0_1"))
    with pytest.raises(DamagedStateError, match="belongs to task 'app/0_0', not to 'app/0_1'"):
        TaskState.open(moved, [key_value()], IDENTITY)


def test_a_source_topic_more_is_no_other_origin(folder: Path) -> None:
    """What the state was made from is still there."""
    stores = Stores("rocksdb", folder, key_value())
    stores.commit()
    stores.state.close()
    more = Identity("cluster", {**IDENTITY.topic_ids, "users": "id-9"})
    state = TaskState.open(folder, [key_value()], more)
    assert state.position is not None
    state.close()
    with pytest.raises(DamagedStateError, match="'users' was deleted"):
        TaskState.open(folder, [key_value()], Identity("cluster", {**IDENTITY.topic_ids, "users": "id-10"}))


# -- one owner ---------------------------------------------------------------------------------------------------------


def test_a_folder_in_use_is_refused(folder: Path) -> None:
    """It names the owner and the remedy; nothing happens to the owner."""
    stores = Stores("rocksdb", folder, key_value())
    stores.only().put("a", 1, 1)
    with pytest.raises(StateError, match=r"in use by process \d+.*--state-dir") as caught:
        TaskState.open(folder, [key_value()], IDENTITY)
    assert not isinstance(caught.value, DamagedStateError)
    with pytest.raises(StateError, match="in use"):
        put_aside(folder)
    stores.commit()
    stores.state.close()


def test_waits_for_the_old_owner_to_die(folder: Path) -> None:
    """However it ends, its folder is free at that moment."""
    program = (
        "import sys; from pathlib import Path; from streamapp.state import Identity, TaskState; "
        "TaskState.open(Path(sys.argv[1]), (), Identity()); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(StateError, match="in use"):
            TaskState.open(folder, [], Identity(), wait_s=0.05)
        owner.kill()
        TaskState.open(folder, [], Identity(), wait_s=30).close()


def test_a_state_that_could_not_be_opened_leaves_the_folder_free(folder: Path) -> None:
    """The error may be kept, with all its frames, and the folder opened again."""
    stores = Stores("rocksdb", folder, key_value())
    stores.commit()
    stores.state.close()
    kept = []
    for _ in range(2):
        with pytest.raises(DamagedStateError) as caught:
            TaskState.open(folder, [key_value()], Identity("another"))
        kept.append(caught)
    stores.open()
    stores.state.close()


def test_puts_aside_under_a_new_name_each_time(folder: Path) -> None:
    """Nothing is overwritten, and nothing is deleted."""
    asides: list[Path] = []
    for _ in range(3):
        folder.mkdir(parents=True)
        (folder / "mark").write_text(str(len(asides)))
        asides.append(put_aside(folder))
    assert [path.name for path in asides] == [f"0_0.damaged-{n}" for n in (1, 2, 3)]
    assert [(path / "mark").read_text() for path in asides] == ["0", "1", "2"]
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the way to give another."""
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"cannot be used .*--state-dir"):
        TaskState.open(tmp_path / "file" / "0_0", [key_value()], IDENTITY)
