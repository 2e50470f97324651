"""`scripts/chaos FAULT|all|list`: does faults to workers on a broker of its own, and prints a row for each.

Exit code 0 when all rows are ok, 1 when one is not or its fault never happened, 2 for a wrong name.
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
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from streamapp.kafka.broker.server import Broker
from streamapp.settings import Guarantee
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.order import Order
from tests.chaos.rows import Outcome, row


def main(arguments: Sequence[str]) -> int:
    """Runs what was asked for; gives the exit code."""
    options = _parser().parse_args(arguments)
    if options.fault == "list":
        for name, fault in FAULTS.items():
            print(f"{name:12} {fault.title}{'' if fault.in_all else ' (not in all)'}")
        return 0
    names = [name for name, fault in FAULTS.items() if fault.in_all] if options.fault == "all" else [options.fault]
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="streamapp-chaos-"))
    print(f"logs and state are in {folder}, and stay there when a row is not ok", file=sys.stderr)
    rows = _run(names, options, folder)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if not all(one["ok"] for one in rows):
        return 1
    shutil.rmtree(folder)  # what is left of a failure is there to be looked at
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", description="Does faults to workers, and checks the results."
    )
    parser.add_argument("fault", choices=[*FAULTS, "all", "list"], metavar="FAULT|all|list", help=", ".join(FAULTS))
    parser.add_argument("--seed", type=int, default=1, help="where the input and the moments come from (1)")
    parser.add_argument("--events", type=int, help="about how many; the number of faults goes with it")
    parser.add_argument("--minutes", type=float, help="begin no further repetition after these (60; random 30)")
    parser.add_argument("--short", action="store_true", help="the form the tests run")
    parser.add_argument(
        "--guarantee",
        choices=get_args(Guarantee),
        default="exactly_once",
        help="what the workers promise (exactly_once)",
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="where 'random' draws what happened (chaos.html)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    return parser


def _run(names: Sequence[str], options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """The rows of the faults, on one broker for those that need one node and another for those that need three."""
    rows = []
    for nodes in (1, 3):
        mine = [name for name in names if FAULTS[name].nodes == nodes]
        if not mine:
            continue
        broker = Broker(folder / f"broker-{nodes}")
        bootstrap = broker.start(nodes=nodes).bootstrap_servers
        try:
            for name in mine:
                order = _order(FAULTS[name], options, broker, bootstrap, folder / name)
                rows.append(row(name, options.seed, run_fault(FAULTS[name], order)))
                print(json.dumps(rows[-1]), flush=True)
        finally:
            broker.stop()
    return rows


def _order(fault: Fault, options: argparse.Namespace, broker: Broker, bootstrap: str, folder: Path) -> Order:
    events, times = fault.short if options.short else fault.long
    if options.events:
        events, times = options.events, max(1, round(times * options.events / events))
    return Order(
        broker,
        bootstrap,
        folder,
        options.seed,
        events,
        times,
        options.minutes or fault.minutes,
        options.guarantee,
        options.page,
    )


def run_fault(fault: Fault, order: Order) -> Outcome:
    """Does a fault; what it could not go on after is what is broken."""
    began = time.monotonic()
    outcome = order.outcome
    try:
        outcome = asyncio.run(_awaited(fault, order))
    except Exception as error:
        logging.getLogger(__name__).exception("%s", fault.title)
        outcome.broken.append(f"{type(error).__name__}: {error}")
    print(f"{fault.title}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return outcome


async def _awaited(fault: Fault, order: Order) -> Outcome:
    return await fault.run(order)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
