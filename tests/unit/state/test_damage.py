"""Damaged state folders: found on opening, reading or verifying, and never taken for less than they were."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from streamapp.state import DamagedStateError, Position, Query, StateError, TaskState, configure_memory, put_aside
from streamapp.state.memory_budget import shared_budget
from tests.unit.state.stores import IDENTITY, key_value, windows

COMMITS = 24
SPECS = (key_value(), windows())

Tables = tuple[dict[str, int], dict[tuple[str, int], int]]


@dataclass
class Folder:
    """A folder as a killed or a stopped worker leaves it, and what it held after each commit."""

    path: Path
    after: list[Tables] = field(default_factory=lambda: [({}, {})])

    def write(self, state: TaskState, commits: int, random_: random.Random) -> None:
        """Makes commits of 100 rows in each store."""
        for _ in range(commits):
            totals, minutes = dict(self.after[-1][0]), dict(self.after[-1][1])
            number = len(self.after)
            for _ in range(100):
                key, value = f"k{random_.randrange(2_000):04d}", random_.randrange(10**9)
                state.stores["totals"].put(key, value, number)  # type: ignore[attr-defined]
                state.stores["per-minute"].put(key, number * 10, value, number)  # type: ignore[attr-defined]
                totals[key] = minutes[key, number * 10] = value
            self.after.append((totals, minutes))
            ends = {"totals": number, "per-minute": number}
            state.commit(Position({"orders": number}, ends, {}, {}, 1))

    def files(self, kind: str) -> list[str]:
        """The names of files of a kind: by their beginning, or by their end when it is `.sst` or `.log`."""
        names = sorted(path.name for path in self.path.iterdir())
        return [name for name in names if (name.endswith(kind) if kind[0] == "." else name.startswith(kind))]


@pytest.fixture(autouse=True, scope="module")
def nothing_cached() -> Iterator[None]:
    """Rows come from the disk: the cache knows a file again after it was closed and damaged."""
    sizes = shared_budget().cache_bytes, shared_budget().write_buffer_bytes
    configure_memory(0, sizes[1])
    yield
    configure_memory(*sizes)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """With tables on disk, written in two lives, and a log on top."""
    source = Folder(tmp_path_factory.mktemp("running") / "app" / "0_0")
    random_ = random.Random(7)
    for _ in range(2):
        state = TaskState.open(source.path, SPECS, IDENTITY)
        source.write(state, 8, random_)
        state.close()
    state = TaskState.open(source.path, SPECS, IDENTITY)
    source.write(state, COMMITS - 16, random_)
    image = Folder(tmp_path_factory.mktemp("killed") / "app" / "0_0", source.after)
    shutil.copytree(source.path, image.path)
    state.close()
    return image


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """With all of it in tables on disk."""
    folder = Folder(tmp_path_factory.mktemp("stopped") / "app" / "0_0")
    state = TaskState.open(folder.path, SPECS, IDENTITY)
    folder.write(state, COMMITS, random.Random(8))
    state.close()
    return folder


def found(folder: Path) -> tuple[int, Tables]:
    """How many commits a folder says it holds, and what it holds; all of it is read and verified."""
    state = TaskState.open(folder, SPECS, IDENTITY)
    try:
        ends = state.position.changelogs if state.position else {}
        assert len({ends.get(spec.name, 0) for spec in SPECS}) == 1
        totals = {row.key: row.value for row in state.scan("totals")}
        minutes = {(row.key, int(row.start or 0)): row.value for row in state.scan("per-minute")}
        state.verify()
    finally:
        state.close()
    return ends.get("totals", 0), (totals, minutes)


_copies = count()


def copied(folder: Folder, to: Path) -> Path:
    """A copy that may be damaged; it keeps the names the record speaks of."""
    return Path(shutil.copytree(folder.path, to / str(next(_copies)) / "app" / "0_0"))


def outcome(folder: Folder, damage: Callable[[Path], None], name: str, tmp_path: Path) -> str:
    """`damaged`, `whole` or, when it has gone back to an earlier commit, `older`; fails for anything else."""
    copy = copied(folder, tmp_path)
    damage(copy / name)
    try:
        commits, tables = found(copy)
    except DamagedStateError:
        return "damaged"
    assert tables == folder.after[commits], f"{name} is short without a word"
    return "whole" if commits == COMMITS else "older"


def remove(path: Path) -> None:
    """Takes the file away."""
    path.unlink()


def empty(path: Path) -> None:
    """Leaves nothing of the file."""
    os.truncate(path, 0)


def truncate(share: float) -> Callable[[Path], None]:
    """Leaves a share of the file."""
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def flip(share: float) -> Callable[[Path], None]:
    """Changes one byte."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(len(data) * share)] ^= 0x55
        path.write_bytes(data)

    return change


SHARES = [0.0, 0.15, 0.35, 0.5, 0.7, 0.85, 0.99]
DAMAGES = [remove, *map(truncate, SHARES), *map(flip, SHARES)]


def test_the_folders_are_whole_before_they_are_damaged(killed: Folder, stopped: Folder, tmp_path: Path) -> None:
    """What a kill leaves is complete, and is found again and again."""
    for folder in (killed, stopped):
        assert found(copied(folder, tmp_path)) == (COMMITS, folder.after[-1])
    assert killed.files(".sst")
    assert killed.files(".log")
    assert stopped.files(".sst")


@pytest.mark.parametrize("kind", ["MANIFEST-", "CURRENT"])
def test_a_database_that_does_not_know_its_files_is_found_on_opening(
    killed: Folder, stopped: Folder, tmp_path: Path, kind: str
) -> None:
    """Missing, cut off anywhere or changed anywhere: RocksDB alone would take some of it for a new database."""
    for folder in (killed, stopped):
        (name,) = folder.files(kind)
        for damage in DAMAGES:
            assert outcome(folder, damage, name, tmp_path) == "damaged"


def test_a_damaged_table_is_never_short(killed: Folder, stopped: Folder, tmp_path: Path) -> None:
    """A changed byte that nobody needs may go unnoticed; rows never do."""
    for folder in (killed, stopped):
        for name in folder.files(".sst"):
            for damage in (remove, *map(truncate, SHARES)):
                assert outcome(folder, damage, name, tmp_path) == "damaged"
            outcomes = [outcome(folder, flip(share), name, tmp_path) for share in SHARES]
            assert set(outcomes) <= {"damaged", "whole"}
            assert outcomes.count("damaged") > len(SHARES) // 2


def test_a_damaged_log_goes_back_to_an_earlier_commit_or_is_found(killed: Folder, tmp_path: Path) -> None:
    """As after a power loss: the position says so, and the changelog has the rest."""
    (name,) = killed.files(".log")
    outcomes = [outcome(killed, damage, name, tmp_path) for damage in DAMAGES]
    assert "whole" not in outcomes
    assert "older" in outcomes


def test_a_log_missing_among_others_is_found(tmp_path: Path) -> None:
    """What comes after it would be laid over a gap."""
    running = Folder(tmp_path / "running" / "app" / "0_0")
    state = TaskState.open(running.path, SPECS, IDENTITY)
    for _ in range(3):
        running.write(state, COMMITS // 3, random.Random(9))
        state._backend._database.flush()  # type: ignore[attr-defined]  # begins a new log; the stores are still in it
    image = Folder(tmp_path / "killed" / "app" / "0_0", running.after)
    shutil.copytree(running.path, image.path)
    state.close()
    assert outcome(image, lambda path: None, "CURRENT", tmp_path / "copy") == "whole"
    logs = [name for name in image.files(".log") if (image.path / name).stat().st_size]
    assert len(logs) == 3
    assert [outcome(image, remove, name, tmp_path / "copy") for name in logs] == ["damaged"] * 3


def test_what_is_not_needed_may_be_damaged(killed: Folder, tmp_path: Path) -> None:
    """RocksDB's own notes are no reason to rebuild."""
    for kind in ("OPTIONS-", "LOG", "IDENTITY", "rocksdict-config"):
        for damage in (remove, empty, flip(0.5)):
            name = max(killed.files(kind), key=lambda name: (killed.path / name).stat().st_size)
            assert outcome(killed, damage, name, tmp_path) == "whole"


def test_our_own_note_may_be_missing_but_not_wrong(killed: Folder, tmp_path: Path) -> None:
    """A folder from before it was written is as good as RocksDB says."""
    assert outcome(killed, remove, "MANIFEST.streamapp", tmp_path) == "whole"
    assert outcome(killed, empty, "MANIFEST.streamapp", tmp_path) == "damaged"


def test_rows_without_a_record_are_not_believed(tmp_path: Path) -> None:
    """Nobody knows how far they are."""
    state = TaskState.open(tmp_path / "app" / "0_0", SPECS, IDENTITY)
    rows = state._backend.rows("totals")
    rows._family.put(b"a", bytes(8) + b"1")  # type: ignore[attr-defined]
    state.close()
    with pytest.raises(DamagedStateError, match="'totals' has rows, but what they are is not recorded"):
        TaskState.open(tmp_path / "app" / "0_0", SPECS, IDENTITY)


def test_a_record_that_cannot_be_read_is_damage(stopped: Folder, tmp_path: Path) -> None:
    """Whatever its checksum says."""
    copy = copied(stopped, tmp_path)
    state = TaskState.open(copy, SPECS, IDENTITY)
    state._backend.write(b"{}", [])
    state.close()
    with pytest.raises(DamagedStateError, match="its record cannot be read"):
        TaskState.open(copy, SPECS, IDENTITY)


def test_damage_found_while_running_leaves_a_folder_that_can_be_put_aside(stopped: Folder, tmp_path: Path) -> None:
    """Reading raises, the errors may be kept, and a new folder takes the old one's place in the same process."""
    copy = copied(stopped, tmp_path)
    for name in stopped.files(".sst"):
        if (copy / name).stat().st_size > 5_000:  # rows, not the record
            flip(0.1)(copy / name)
    state = TaskState.open(copy, SPECS, IDENTITY)
    reads: list[Callable[[], object]] = [
        lambda: list(state.scan("totals")),
        lambda: list(state.scan("per-minute", Query(newest_first=True))),
        lambda: [state.stores["totals"].get(f"k{number:04d}") for number in range(2_000)],  # type: ignore[attr-defined]
        state.verify,
    ]
    kept = []
    for read in reads:
        with pytest.raises(DamagedStateError) as caught:
            read()
        kept.append(caught)
    state.close()
    assert put_aside(copy).name == "0_0.damaged-1"
    assert found(copy) == (0, ({}, {}))


def test_a_folder_lost_while_running_is_no_reason_to_keep_it_locked(stopped: Folder, tmp_path: Path) -> None:
    """The next commit says so, and closing it frees the path."""
    copy = copied(stopped, tmp_path)
    state = TaskState.open(copy, SPECS, IDENTITY)
    shutil.rmtree(copy)
    with pytest.raises(DamagedStateError, match="No such file"):
        state.commit(Position({"orders": 99}))
    state.close()
    assert found(copy) == (0, ({}, {}))


def test_a_closed_state_says_so(stopped: Folder, tmp_path: Path) -> None:
    """Readers that come too late are told that it is closed, not that it is damaged."""
    state = TaskState.open(copied(stopped, tmp_path), SPECS, IDENTITY)
    store = state.stores["totals"]
    state.close()
    with pytest.raises(StateError, match="has been closed") as caught:
        store.get("nobody")  # type: ignore[attr-defined]
    assert not isinstance(caught.value, DamagedStateError)


def test_only_the_last_damaged_folders_are_kept(tmp_path: Path) -> None:
    """The oldest go, and a number is never given twice while a later one is there."""
    folder = tmp_path / "app" / "0_0"
    for number in range(1, 6):
        folder.mkdir(parents=True)
        (folder / "what").write_text(str(number), encoding="ascii")
        assert put_aside(folder).name == f"0_0.damaged-{number}"
    kept = {path.name: (path / "what").read_text(encoding="ascii") for path in folder.parent.glob("*.damaged-*")}
    assert kept == {"0_0.damaged-3": "3", "0_0.damaged-4": "4", "0_0.damaged-5": "5"}
