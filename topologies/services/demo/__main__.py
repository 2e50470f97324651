"""`scripts/demo [--for SECONDS]`: arguments, signals, the result and the exit code."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from topologies.services.demo.commands import DemoError
from topologies.services.demo.course import Course, sentence
from topologies.services.demo.show import Show

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130


def seconds(text: str) -> float:
    """A time to run for; raises what argparse turns into a message."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (0 < number < math.inf):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: type for example --for 60")
    return number


def arguments(typed: Sequence[str]) -> argparse.Namespace:
    """What was typed; ends with exit code 2 and the usage when it is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Runs the whole shop with a made-up public.")
    parser.add_argument("--for", dest="seconds", type=seconds, metavar="SECONDS", help="close after so long")
    return parser.parse_args(typed)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One demo at a time in a folder; raises `DemoError` for a second one."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"another demo runs in {folder}: end it with Ctrl-C, or set STREAMAPP_STATE_DIR") from None
        yield


async def demo(folder: Path, for_seconds: float | None) -> int:
    """Runs the demo to its end; a signal closes the shop in good order, a second one at once."""
    show = Show(sys.stdout)
    course = Course(folder, show)
    ended = asyncio.Event()
    work = asyncio.ensure_future(course.run(ended, for_seconds))

    def signalled() -> None:
        if ended.is_set():
            work.cancel()
        else:
            show.say("closing")
        ended.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, signalled)
    problems: list[str] = []
    try:
        await work
        problems = course.ledger.problems()
    except DemoError as error:
        problems = [str(error)]
    except asyncio.CancelledError:
        return INTERRUPTED
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        show.say(f"{sentence(course.ledger.totals)}: every order has one payment and one e-mail")
    show.say(json.dumps({"ok": not problems, **course.ledger.totals, "web": course.web}))
    return 1 if problems else 0


def main() -> int:
    """Runs what was typed, and gives the exit code."""
    typed = arguments(sys.argv[1:])
    folder = Path(os.environ.get("STREAMAPP_STATE_DIR") or ".streamapp").absolute() / "demo"
    try:
        with alone(folder):
            return asyncio.run(demo(folder, typed.seconds))
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
