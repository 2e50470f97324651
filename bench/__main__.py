"""`scripts/bench`: measures the workloads on a broker of its own, beside rivals, and holds the goals against it.

Exit code 0 when every goal that was measured is met, 1 when one is missed, which is named, 2 for wrong use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import micro, rivals
from bench.drains import Drains
from bench.further import NAMES as FURTHER
from bench.further import further
from bench.goals import Verdict, of_drains
from bench.measure import Bench
from bench.picture import picture
from bench.rows import rows, table
from bench.sampling import profile
from bench.systems import compared, streamapp
from bench.trouble import BenchError
from bench.workloads import WORKLOADS
from streamapp.errors import StreamappError
from streamapp.kafka import Admin
from streamapp.kafka.broker.server import Broker

GOALS = ("W1", "W2", "W2c", "W3", "W4", "W5", "W6", "W7")
"""The workloads that have a goal; they are run when none is named."""


def main(arguments: Sequence[str]) -> int:
    """Measures what was asked for; gives the exit code."""
    options = _parser().parse_args(arguments)
    if options.micro is not None:
        made = micro.figures(options.micro)
        print(micro.table(made, micro.keep(made, options.json) if options.json else {}))
        return 0
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="streamapp-bench-", dir=options.folder))
    broker = Broker(folder / "broker")
    try:
        for workload in options.workload:
            compared(workload, options.rivals)  # before anything is started: a missing tool is named at once
        return asyncio.run(_measure(options, broker.start().bootstrap_servers, folder))
    except (BenchError, StreamappError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the workloads, beside rivals.")
    parser.add_argument("--workload", type=_names(WORKLOADS), default=list(GOALS), metavar="W1,W2,…", help="all")
    parser.add_argument("--rivals", type=_names(rivals.NAMES), default=[], metavar=",".join(rivals.NAMES), help="none")
    parser.add_argument("--events", type=int, default=1_000_000, help="of each input (1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="of all systems in turn (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, and a picture beside: .svg")
    parser.add_argument(
        "--measure", type=_names(FURTHER), default=[], metavar=",".join(FURTHER), help="measure these instead of drains"
    )
    parser.add_argument("--profile", action="store_true", help="say instead where each microsecond of ours goes")
    parser.add_argument(
        "--micro",
        nargs="*",
        metavar="NAME",
        help="measure the pure engine instead: operators and formats, kept by commit",
    )
    parser.add_argument("--folder", type=Path, help="where the broker's data and all state are kept meanwhile")
    return parser


def _names(known: Any) -> Any:
    def read(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}: give some of {', '.join(known)}")
        return names

    return read


async def _measure(options: argparse.Namespace, bootstrap: str, folder: Path) -> int:
    async with await Admin.connect(bootstrap, fail_fast=True) as admin:
        bench = Bench(admin, bootstrap, folder)
        if options.measure:
            found, judged = await further(bench, options.measure, options.rivals, options.events, options.rounds)
            return _judge(found, judged, options.json)
        drains = Drains(bench, options.events)
        if options.profile:
            await _profile(drains, options.workload, folder)
            return 0
        measured = await drains.run(options.workload, options.rivals, options.rounds)
    return _report(rows(measured), of_drains(measured), options.json)


async def _profile(drains: Drains, workloads: Sequence[str], folder: Path) -> None:
    """One drain of ours for each workload, sampled; the input is there before."""
    for workload in workloads:
        file = folder / f"{workload}.samples"
        one = await drains.once(streamapp("exactly_once", 1.0, "--profile", str(file)), workload)
        print(f"{workload}: {profile(file, one.n, one.cpu_us)}\n", flush=True)


def _report(made: list[dict[str, Any]], verdicts: list[Verdict], file: Path | None) -> int:
    print(table(made))
    if file is not None:
        file.with_suffix(".svg").write_text(picture(made, "Events per second"), encoding="utf-8")
    return _judge(made, verdicts, file)


def _judge(made: list[dict[str, Any]], verdicts: list[Verdict], file: Path | None) -> int:
    if file is not None:
        file.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.met for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
