"""`python -m tests.gallery [PART]… [--partitions N] [--plain] [--shuffled SEED]`: the worker's answers of these parts.

They are held against those that are known; with `--plain`, those of the retail data against plain arithmetic too, which
knows all of them. With more than one partition only those count that their order does not change. Prints the answers
that differ; exit code 1 when one does.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.gallery.known import PARTS, UNORDERED, Known, different, processed, unlike_plain
from tests.gallery.plain import fields_of


def main() -> int:
    """Compares part by part."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all unless named")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="compare with plain arithmetic as well")
    parser.add_argument("--shuffled", type=int, metavar="SEED", help="rows in an order of this seed's; implies --plain")
    typed = parser.parse_args()
    wrong = [compared(PARTS[name], typed) for name in typed.parts or PARTS]
    return 1 if any(wrong) else 0


def compared(part: Known, typed: argparse.Namespace) -> int:
    """How many answers of a part differ; says which."""
    order = None if typed.shuffled is None else shuffled(part, typed.shuffled)
    judged = UNORDERED if typed.partitions > 1 and part.dataset == "online-retail" else None
    wrong = 0
    with processed([part], typed.partitions, print, {} if order is None else {part.name: order}) as on:
        if order is None:
            names = set(part.checksums) if judged is None else set(part.checksums) & judged
            wrong += said(part, "known answers", len(names), different(part, on, names))
        if (typed.plain or order is not None) and part.dataset == "online-retail":
            found = unlike_plain(part, on, order, judged)
            wrong += said(part, "answers of plain arithmetic", len(found), [n for n, unlike in found.items() if unlike])
    return wrong


def shuffled(part: Known, seed: int) -> list[int]:
    """The rows of a part in an order of this seed's."""
    rows = sum(1 for _ in fields_of(part.path))
    return random.Random(seed).sample(range(rows), rows)


def said(part: Known, what: str, count: int, found: list[str]) -> int:
    """How many differ, after saying it."""
    print(f"{part.name}: {count} {what} compared, different: {', '.join(found) or 'none'}", flush=True)
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
