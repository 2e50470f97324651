"""Where time goes, and what is kept of the micro-benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.micro import Figure, figures, keep, table
from bench.sampling import Sampler, profile, stage_of
from streamapp.engine import task


@pytest.mark.parametrize(
    ("file", "line", "stage"),
    [
        ("/x/streamapp/engine/task.py", "value = decode_value(value)", "decode"),
        ("/x/streamapp/engine/sink.py", "value = encode_value(value)", "encode"),
        ("/x/streamapp/engine/sink.py", "append((index, timestamp, key, value, headers))", "operators"),
        ("/x/streamapp/kafka/records.py", "found = [", "fetch"),
        ("/x/streamapp/kafka/batches.py", "batch.append(", "produce"),
        ("/x/streamapp/worker/outputs.py", "put(", "produce"),
        ("/x/streamapp/worker/commit.py", "await", "commit"),
        ("/x/streamapp/worker/rounds.py", "await", "worker"),
        ("/x/streamapp/state/overlay.py", "dirty.get(key)", "state"),
        ("/x/bench/workloads/important.py", "return event.important", "functions"),
        ("/x/asyncio/events.py", "self._run()", "loop"),
        ("/x/selectors.py", "self._selector.poll(timeout)", "threads and waiting"),
        ("/x/elsewhere.py", "", "other"),
    ],
)
def test_a_line_has_a_stage(file: str, line: str, stage: str) -> None:
    """By its file, and by what it calls."""
    assert stage_of(file, line) == stage


def test_samples_are_counted_and_shared_out(tmp_path: Path) -> None:
    """Some CPU time gives some samples; a table says whose microseconds they are."""
    sampler, file = Sampler(), tmp_path / "samples"
    sampler.start()
    sum(number * number for number in range(2_000_000))
    sampler.write(file)
    assert sum(row[3] for row in json.loads(file.read_text())) > 3
    file.write_text(json.dumps([[task.__file__, 1, "f", 3], ["/x/asyncio/events.py", 1, "g", 1]]))
    lines = profile(file, 100, 8.0).splitlines()
    assert lines[0] == "8.00 us per event, of 100; 4 samples"
    assert "6.00 us" in lines[1]
    assert "operators" in lines[1]
    assert "2.00 us" in lines[2]


def test_figures_are_kept_by_commit_and_compared(tmp_path: Path) -> None:
    """With the commit before; a second run of the same commit takes the place of the first."""
    file = tmp_path / "micro.json"
    old = {"figures": {"operator count": {"least_us": 2.0, "middle_us": 2.0}}, "at": 1}
    file.write_text(json.dumps({"abc": old}))
    made = [Figure("operator count", 3.0, 3.5)]
    keep(made, file)
    before = keep(made, file)
    kept = json.loads(file.read_text())
    assert len(kept) == 2
    assert kept["abc"] == old
    assert "+50%" in table(made, before)


def test_a_micro_benchmark_measures() -> None:
    """One of the quick ones."""
    (figure,) = figures(["text decode"])
    assert 0 < figure.least <= figure.middle
