"""One cache and one budget of memtables for all databases of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamapp.state.memory_budget import MIB, Budget
from streamapp.state.rocks import RocksBackend
from streamapp.state.rows import Writes


def test_databases_share_what_they_were_given(tmp_path: Path) -> None:
    """Memtables of both count against one budget, and blocks of both lie in one cache."""
    budget = Budget(8 * MIB, 4 * MIB)
    backends = [RocksBackend(tmp_path / name, budget) for name in "ab"]
    cache, buffers = budget.parts()
    used = [buffers.get_usage()]
    for backend in backends:
        backend.add("s")
        backend.write(b"", [Writes("s", [(b"%06d" % number, bytes(100)) for number in range(5_000)])])
        used.append(buffers.get_usage())
    assert used[0] < used[1] < used[2]
    assert used[2] > 2 * 5_000 * 100
    for backend in backends:
        backend.close()
    before = cache.get_usage()
    reopened = [RocksBackend(tmp_path / name, budget) for name in "ab"]
    assert [len(list(backend.rows("s").scan())) for backend in reopened] == [5_000, 5_000]
    assert cache.get_usage() > before
    for backend in reopened:
        backend.close()


def filled(folder: Path, budget: Budget) -> list[RocksBackend]:
    """Eight databases with 0.7 MiB each, which is less than a memtable."""
    backends = [RocksBackend(folder / str(number), budget) for number in range(8)]
    for backend in backends:
        backend.add("s")
    for round_ in range(5):
        for backend in backends:
            rows = [(b"%03d%05d" % (round_, number), bytes(100)) for number in range(1_000)]
            backend.write(b"", [Writes("s", rows)])
    return backends


def written_out(folder: Path) -> bool:
    """Whether a memtable was closed: it has become a table, or its log is not the last one."""
    return bool(list(folder.glob("*/*.sst"))) or any(len(list(one.glob("*.log"))) > 1 for one in folder.iterdir())


def test_memtables_are_written_out_when_the_budget_is_used(tmp_path: Path) -> None:
    """All databases count together, though none has filled a memtable of its own."""
    for name, budget, expected in (("small", Budget(MIB, 4 * MIB), True), ("large", Budget(MIB, 64 * MIB), False)):
        backends = filled(tmp_path / name, budget)
        assert written_out(tmp_path / name) is expected
        for backend in backends:
            assert len(list(backend.rows("s").scan())) == 5_000
            backend.close()


def test_other_sizes_hold_for_open_databases() -> None:
    """The settings may be read after the first database was opened."""
    budget = Budget(8 * MIB, 4 * MIB)
    cache, buffers = budget.parts()
    budget.resize(16 * MIB, 32 * MIB)
    assert budget.parts() == (cache, buffers)
    assert buffers.get_buffer_size() == 32 * MIB
    assert (budget.cache_bytes, budget.write_buffer_bytes) == (16 * MIB, 32 * MIB)


@pytest.mark.parametrize(
    ("budget", "memtable"), [(64 * MIB, 16 * MIB), (1024 * MIB, 16 * MIB), (8 * MIB, 2 * MIB), (1000, MIB)]
)
def test_one_memtable_never_takes_all(budget: int, memtable: int) -> None:
    """A quarter of the budget, from 1 MiB to 16 MiB."""
    assert Budget(MIB, budget).memtable_bytes == memtable
