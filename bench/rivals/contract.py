"""The launcher contract as the Python rivals keep it. Runs in their environments: imports the standard library only."""

from __future__ import annotations

import argparse
import sys
import time


def arguments() -> argparse.Namespace:
    """The options every harness gives."""
    parser = argparse.ArgumentParser()
    for name in ("workload", "bootstrap", "input", "output", "app-id", "state-dir"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--table", default="users")
    return parser.parse_args()


class First:
    """Says once that the first record is there."""

    def __init__(self) -> None:
        self._seen = False

    def __call__(self) -> None:
        """Prints the mark when it is called for the first time."""
        if not self._seen:
            self._seen = True
            print("BENCH first", time.time(), file=sys.__stdout__, flush=True)  # Faust takes sys.stdout for its log
