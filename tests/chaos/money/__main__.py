"""`scripts/money [--orders N] [--kills N] [--seed N]`: the money test on a broker of its own; prints a row of JSON.

Exit code 0 when the books agree and every fault has happened, else 1, with what is wrong on stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from streamapp.kafka.broker.server import Broker
from tests.chaos.money.run import Money


def main() -> int:
    """Runs what was typed; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/money", description="Many orders, failures, kills: do the books agree?"
    )
    parser.add_argument("--orders", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--kills", type=int, default=20, help="how often the worker is killed (20)")
    parser.add_argument("--seed", type=int, default=1, help="where orders and moments come from (1)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="streamapp-money-"))
    print(f"logs and state are in {folder}, and stay there when the books do not agree", file=sys.stderr)
    broker = Broker(folder / "broker")
    began = time.monotonic()
    try:
        money = Money(broker.start().bootstrap_servers, folder, options.seed, options.orders, options.kills)
        books = asyncio.run(money.run())
    finally:
        broker.stop()
    problems = books.problems()
    if money.killed < options.kills:
        problems.append(f"{money.killed} of {options.kills} kills have happened")
    if not money.busy:
        problems.append("the mail server has always taken every letter")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    row = {"ok": not problems, "seed": options.seed, "kills": money.killed, "copies": money.copies}
    row |= {"mail_busy": money.busy, **books.summary}
    print(json.dumps(row | {"seconds": round(time.monotonic() - began, 1)}))
    if not problems:
        shutil.rmtree(folder)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
