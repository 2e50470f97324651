"""The simulator: real workers in a simulated cluster come to the right results, and planted errors are found."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from streamapp.testing.simulator.command import SEEDS as SEEDS_BY_ITSELF
from streamapp.testing.simulator.command import main
from streamapp.testing.simulator.plants import PLANTS, Plant
from streamapp.testing.simulator.run import Run
from streamapp.testing.simulator.shapes import SHAPES

SEEDS = range(1_000, 1_050)

FROM: Mapping[Plant, int] = {
    "state-before-commit": 142,
    "no-fencing": 115,
    "forget-abort": 120,
    "unstable-offsets": 26,
    "unknown-is-aborted": 16,
}
"""Where to begin looking for errors that show only after many of the seeds that the command takes by itself."""


def told(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it prints."""
    out = io.StringIO()
    return main(arguments, out), out.getvalue()


def test_every_seed_comes_to_the_right_results() -> None:
    """Whatever fails: nothing is lost, nothing is there twice, in tables, logs, outputs and offsets."""
    code, text = told("--seeds", f"{SEEDS.start}:{SEEDS.stop}")
    assert code == 0, text
    for kind in ("crash", "power-loss", "stand-still", "cut-off", "unknown-outcome", "compaction", "leave"):
        assert f" {kind}" in text, f"no {kind} in {text}"


@pytest.mark.parametrize("plant", PLANTS)
def test_every_planted_error_is_found(plant: Plant) -> None:
    """Among the seeds the command takes by itself; it ends with 1 and the command that repeats it."""
    code, text = told("--plant", plant, "--seeds", f"{FROM.get(plant, SEEDS_BY_ITSELF.start)}:{SEEDS_BY_ITSELF.stop}")
    assert code == 1
    assert f"repeat it: python -m streamapp.testing.simulator --seeds {text.split('seed ')[1].split(':')[0]}:" in text
    assert f"--plant {plant}" in text


def test_seeds_that_have_found_errors_stay_right() -> None:
    """A restore that had failed and was halted by a rebalance was never complete, in both of them."""
    for seed in (59, 574):
        assert Run(seed).outcome().problems == []


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    """Step by step, also where hashes of texts differ."""
    program = (
        "from streamapp.testing.simulator.run import Run\n"
        "print([Run(seed).outcome().digest for seed in (3, 7, 8)], flush=True)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert digests == {f"{[Run(seed).outcome().digest for seed in (3, 7, 8)]}\n"}


def test_different_seeds_give_different_runs() -> None:
    """And every topology has its turn."""
    outcomes = [Run(seed).outcome() for seed in range(15)]
    assert len({outcome.digest for outcome in outcomes}) == len(outcomes)
    assert {outcome.about.partition(",")[0] for outcome in outcomes} == set(SHAPES)


def test_the_errors_are_listed_with_what_is_wrong() -> None:
    """One line each."""
    code, text = told("--list")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == list(PLANTS)


def test_a_range_without_seeds_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With an example of one."""
    with pytest.raises(SystemExit) as ending:
        main(["--seeds", "9:9"])
    assert ending.value.code == 2
    assert "FROM:TO" in capsys.readouterr().err
