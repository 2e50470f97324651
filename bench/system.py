"""`python -m bench.system --workload W2 …`: one workload on the real worker, as harnesses start systems.

The application id is the consumer group and begins the name of every internal topic; the line `BENCH first UNIXTIME`
on stdout says when the first record of the input was handed over; SIGTERM ends it after a last commit. Measures
nothing: that is for who started it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterable, Sequence
from pathlib import Path

from bench.sampling import Sampler
from bench.workloads import WORKLOADS
from bench.workloads.topics import Topics
from streamapp.app import assemble, run_shell
from streamapp.cli.processes import Processes
from streamapp.errors import StreamappError
from streamapp.settings import Settings
from streamapp.worker.channel import Batch
from streamapp.worker.shell import Agent, Shell


def main(arguments: Sequence[str]) -> int:
    """Runs until SIGTERM, an error, or the end of the input; gives the worker's exit code."""
    options = parser().parse_args(arguments)
    if options.processes > 1:
        command = [sys.executable, "-m", "bench.system", *arguments, "--processes", "1"]  # the last one counts
        return asyncio.run(Processes(command, options.processes, {}, {}).run())
    try:
        return _run(options)
    except StreamappError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def parser() -> argparse.ArgumentParser:
    """The options of the launcher contract, and our own."""
    made = argparse.ArgumentParser(prog="python -m bench.system", description="Runs one workload on the worker.")
    made.add_argument("--workload", required=True, choices=WORKLOADS)
    made.add_argument("--bootstrap", required=True, metavar="HOST:PORT")
    made.add_argument("--input", required=True, metavar="TOPIC[,TOPIC]")
    made.add_argument("--output", required=True, metavar="TOPIC")
    made.add_argument("--app-id", required=True, type=application_id, metavar="ID", help="the group, such as run-1")
    made.add_argument("--state-dir", required=True, type=Path, metavar="DIR")
    made.add_argument("--table", default="users", metavar="TOPIC", help="the table of W5 (users)")
    made.add_argument("--guarantee", type=guarantee, default="exactly_once", metavar="exactly_once|at_least_once")
    made.add_argument("--commit-interval", type=float, metavar="SECONDS", help="0.1 exactly once, else 1")
    made.add_argument("--cache-bytes", type=int, default=Settings().cache_bytes, help="RocksDB's block cache")
    made.add_argument("--write-buffer-bytes", type=int, default=Settings().write_buffer_bytes)
    made.add_argument("--processes", type=int, default=1, metavar="N", help="worker processes that share the work")
    made.add_argument("--topologies", type=int, default=1, metavar="N", help="as many groups that do the same")
    made.add_argument("--profile", type=Path, metavar="FILE", help="write where the CPU time went, for bench.sampling")
    made.add_argument("--until-end", action="store_true", help="end when all that is there now is done")
    return made


def application_id(text: str) -> tuple[str, str]:
    """`prefix-name` as prefix and topology name, which make up the group again."""
    prefix, _, name = text.rpartition("-")
    if not prefix or not name:
        raise argparse.ArgumentTypeError(f"{text!r} has no '-': give PREFIX-NAME, such as run-1")
    return prefix, name


def guarantee(text: str) -> str:
    """`exactly-once` is as good as `exactly_once`."""
    name = text.replace("-", "_")
    if name not in ("exactly_once", "at_least_once"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither exactly_once nor at_least_once")
    return name


def announcing(inputs: Sequence[str], sampler: Sampler | None) -> Agent:
    """The worker's agent, which also says when the first batch of an input comes, and begins to sample then."""
    seen = False

    async def hold(batches: AsyncIterable[Batch]) -> None:
        nonlocal seen
        async for batch in batches:
            if not seen and batch.topic in inputs:
                seen = True
                mark("first")
                if sampler is not None:
                    sampler.start()
            with batch:
                await batch.process()

    return hold


def say_state(name: str, old: str, new: str) -> None:
    """Says when state begins to be restored, and when that is over."""
    if new == "restoring":
        mark("restore-start")
    elif old == "restoring":
        mark("restore-end")


def mark(name: str) -> None:
    """A line for the harness; Faust may have taken `sys.stdout` for its log."""
    print("BENCH", name, time.time(), file=sys.__stdout__, flush=True)


def _run(options: argparse.Namespace) -> int:
    prefix, name = options.app_id
    topics = Topics(tuple(options.input.split(",")), options.output, options.table)
    names = [name, *(f"{name}-{number}" for number in range(2, options.topologies + 1))]
    topologies = [WORKLOADS[options.workload](one, topics) for one in names]
    settings = Settings(
        bootstrap_servers=options.bootstrap,
        application=prefix,
        state_dir=options.state_dir,
        guarantee=options.guarantee,
        commit_interval=options.commit_interval,
        web_port=0,
        cache_bytes=options.cache_bytes,
        write_buffer_bytes=options.write_buffer_bytes,
    )

    sampler = Sampler() if options.profile else None

    def build() -> Shell:
        agent = announcing(topics.inputs, sampler)
        shell = assemble(settings, topologies, until_end=options.until_end, agent=agent)
        shell.runtime.on_state(say_state)
        return shell

    code = run_shell(settings, build)
    if sampler is not None:
        sampler.write(options.profile)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
