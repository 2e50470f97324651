"""The benchmark command, end to end and tiny: its own broker, ours against the raw loop, JSON and picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_bench_measures_and_writes_what_it_found(tmp_path: Path) -> None:
    """Two systems, one round, few events: a row each, and no verdict on what was not compared."""
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "bench", "--workload", "W1", "--rivals", "raw", "--events", "2000"]
    command += ["--rounds", "1", "--json", str(file), "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert [(row["system"], row["workload"], row["n"], row["runs"]) for row in rows] == [
        ("streamapp", "W1", 2_000, 1),
        ("raw", "W1", 2_000, 1),
    ]
    assert all(row["rate"][0] == row["rate"][2] > 0 for row in rows)
    assert "<svg" in file.with_suffix(".svg").read_text(encoding="utf-8")
    assert list(tmp_path.glob("streamapp-bench-*")) == []


def test_the_checkout_answers_at_once(tmp_path: Path) -> None:
    """Both requests, a hundred times, on a broker: half of them within 50 ms, however busy the machine is."""
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "bench", "--measure", "checkout", "--events", "100", "--rounds", "1"]
    command += ["--json", str(file), "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert [(row["request"], row["at_once"], row["requests"]) for row in rows] == [
        ("checkout", 1, 100),
        ("cancel", 1, 100),
        ("checkout", 8, 96),
        ("cancel", 8, 96),
    ]
    assert max(row["p50_ms"] for row in rows) < 50, done.stderr
    assert "checkout, ms until it is answered, p99" in done.stdout


def test_a_missing_tool_is_one_clear_error(tmp_path: Path) -> None:
    """Nothing is started before it is named."""
    command = [sys.executable, "-m", "bench", "--rivals", "kafka-streams", "--folder", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False, env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: Kafka Streams cannot be compared with: there is no java here; install")
    assert "Traceback" not in done.stderr
