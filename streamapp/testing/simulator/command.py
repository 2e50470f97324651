"""The command line of the simulator: seeds in, failing seeds out, each with the command that repeats it.

Exit codes: 0 all seeds are right, 1 one is not, 2 wrong use. Knows nothing of what a run does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TextIO

from streamapp.testing.simulator.plants import PLANTS, Plant
from streamapp.testing.simulator.run import Outcome, Run

SEEDS = range(300)
"""Where nothing else is asked for; every error that can be planted is found within them."""

_SHOWN = 3
"""Failing seeds that are told in full."""


def main(arguments: Sequence[str], out: TextIO = sys.stdout) -> int:
    """Runs the seeds that are asked for; gives the exit code."""
    options = _parser().parse_args(arguments)
    if options.list:
        for name, what in PLANTS.items():
            print(f"{name:<20} {what}", file=out)
        return 0
    began = time.perf_counter()
    failed: list[Outcome] = []
    faults: Counter[str] = Counter()
    for seed in options.seeds:
        outcome = Run(seed, options.plant).outcome()
        faults.update(outcome.faults)
        if options.trace:
            print(f"seed {seed}: {outcome.about}: {outcome.digest}", file=out)
        if outcome.problems:
            failed.append(outcome)
            if len(failed) <= _SHOWN:
                _tell(outcome, options.plant, out)
            if options.plant:
                break
    _sum_up(options.seeds, failed, faults, time.perf_counter() - began, out)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m streamapp.testing.simulator",
        description="Runs real workers in a simulated cluster with faults drawn from a seed, and checks every result.",
    )
    parser.add_argument(
        "--seeds", type=_range, default=SEEDS, metavar="FROM:TO", help=f"default {SEEDS.start}:{SEEDS.stop}"
    )
    parser.add_argument("--plant", choices=list(PLANTS), metavar="ERROR", help="put an error in, which must be found")
    parser.add_argument("--list", action="store_true", help="list the errors that can be planted")
    parser.add_argument("--trace", action="store_true", help="print the digest of every run's trace")
    return parser


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    try:
        found = range(int(first), int(last) if last else int(first) + 1)
    except ValueError:
        found = range(0)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names no seeds: give FROM:TO, such as 0:1000, or one number")
    return found


def _tell(outcome: Outcome, plant: Plant | None, out: TextIO) -> None:
    print(f"seed {outcome.seed}: {outcome.about}", file=out)
    print("the last steps:", *outcome.last_lines, sep="\n  ", file=out)
    print("what is wrong:", *outcome.problems, sep="\n  ", file=out)
    planted = f" --plant {plant}" if plant else ""
    print(
        f"repeat it: python -m streamapp.testing.simulator --seeds {outcome.seed}:{outcome.seed + 1}{planted}\n",
        file=out,
    )


def _sum_up(seeds: range, failed: Sequence[Outcome], faults: Counter[str], seconds: float, out: TextIO) -> None:
    struck = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.items()))
    print(f"faults: {struck or 'none'}", file=out)
    done = (failed[-1].seed - seeds.start + 1) if failed and len(failed) == 1 else len(seeds)
    rate = done / max(seconds, 0.001)
    wrong = f"failed: {_numbers(failed)}" if failed else "all right"
    print(f"{done} seeds in {seconds:.1f} s ({rate:.0f} a second): {wrong}", file=out)


def _numbers(failed: Iterable[Outcome]) -> str:
    return " ".join(str(outcome.seed) for outcome in failed)
