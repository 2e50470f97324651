"""`python -m tests.gallery [PART]… [--partitions N]`: every known answer of these parts, computed by the worker.

Prints the answers that differ; exit code 1 when one does.
"""

from __future__ import annotations

import argparse
import sys

from tests.gallery.known import PARTS, different, processed


def main() -> int:
    """Compares part by part."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all unless named")
    parser.add_argument("--partitions", type=int, default=1)
    typed = parser.parse_args()
    wrong = 0
    for name in typed.parts or PARTS:
        part = PARTS[name]
        with processed([part], typed.partitions, print) as on:
            found = different(part, on)
        wrong += len(found)
        print(f"{name}: {len(part.checksums)} answers compared, different: {', '.join(found) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
