"""What is wrong is said once, with its name and the remedy, before anything is consumed."""

from __future__ import annotations

import subprocess
import sys

from tests.integration.worker.conftest import ROOT, Bench, until


def test_missing_topics_are_named_with_the_command_that_makes_them(bench: Bench) -> None:
    """All of them at once, with exit code 4."""
    error = bench.run("totals", "run", "--until-end", expect=4)
    assert f"reads topic 'readings-{bench.prefix}', which does not exist" in error
    assert f"writes topic 'totals-{bench.prefix}', which does not exist" in error
    assert f"streamapp topics create readings-{bench.prefix}" in error
    assert "Traceback" not in error


def test_topics_that_cannot_be_joined_are_named_with_their_counts(bench: Bench) -> None:
    """Co-partitioning is checked before the first record."""
    bench.topic(f"readings-{bench.prefix}", 4)
    bench.topic(f"names-{bench.prefix}", 3)
    bench.topic(f"named-{bench.prefix}", 4)
    error = bench.run("naming", "run", "--until-end", expect=4)
    assert f"'names-{bench.prefix}' has 3" in error
    assert f"'readings-{bench.prefix}' has 4" in error


def test_no_broker_with_fail_fast_ends_at_once(bench: Bench) -> None:
    """Exit code 5, and the address that was tried."""
    error = bench.run("totals", "run", "--fail-fast", expect=5, STREAMAPP_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert "127.0.0.1:1" in error


def test_without_fail_fast_the_worker_names_the_address_and_keeps_trying(bench: Bench) -> None:
    """It neither ends nor hangs: it says what it tries, and SIGTERM ends it cleanly."""
    log = bench.folder / "waiting.log"
    with log.open("w") as stderr:
        worker = subprocess.Popen(
            [sys.executable, "-m", "streamapp", "totals", "run", "--web-port", "0"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
            env=bench.environment | {"STREAMAPP_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
            text=True,
        )
    bench.processes.append(worker)
    until(lambda: log.read_text(encoding="utf-8").count("127.0.0.1:1") >= 2, "two attempts in the log")
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(20) == 0


def test_faust_lists_agents_and_tables_without_a_broker(bench: Bench) -> None:
    """`faust -A streamapp agents | tables` show every sub-topology and store."""
    environment = bench.environment | {"STREAMAPP_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    for command, wanted in (("agents", "sensors-1"), ("tables", "total-per-sensor")):
        done = subprocess.run(
            [sys.executable, "-m", "faust", "-A", "streamapp", command],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert wanted in done.stdout
