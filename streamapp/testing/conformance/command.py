"""The command: runs a file of cases, writes what came out, and says where it differs from what was expected.

Knows nothing of how a case is run or compared.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from streamapp.errors import StreamappError, UsageError
from streamapp.testing.conformance.cases import Case, Record, read_cases
from streamapp.testing.conformance.compare import agree
from streamapp.testing.conformance.diff import difference
from streamapp.testing.conformance.runner import Way, run

PASSED, FAILED, UNREADABLE = 0, 1, 2

_SHOWN = 10
"""Failures printed in full."""

_NAMED = 30
"""Failures after those of which the id is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives the exit code."""
    given = _given(arguments)
    try:
        cases = _sample(_chosen(read_cases(given.cases), given.case), given.sample, given.seed)
        actual, errors = _answers(cases, given)
        text = json.dumps({"actual": actual, "errors": errors}, ensure_ascii=False, separators=(",", ":"))
        if given.actual is not None:
            given.actual.write_text(text, encoding="utf-8")
        return _report(cases, actual, errors)
    except (UsageError, OSError) as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    except StreamappError as error:
        print(error, file=sys.stderr)
        return FAILED


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.live and given.store == "memory":
        parser.error("--live takes no --store memory: the worker keeps its state in RocksDB")
    if given.live and (given.batch, given.restore_every) != (None, None):
        parser.error("--live takes neither --batch nor --restore-every: it gives the worker one input at a time")
    if not given.live and given.bootstrap_servers is not None:
        parser.error("--bootstrap-servers is for --live")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m streamapp.testing.conformance",
        description="Runs conformance cases and compares the results with what is expected.",
        epilog="Exit code: 0 all pass, or nothing to compare; 1 a failure; 2 wrong use, or an unreadable file.",
    )
    parser.add_argument("cases", type=Path, metavar="CASES.json[.gz]")
    parser.add_argument("--actual", type=Path, metavar="OUT.json", help="write what came out to this file")
    parser.add_argument("--case", action="append", default=[], metavar="ID", help="run only this case (repeatable)")
    parser.add_argument("--store", choices=("memory", "rocksdb"), help="where state is kept (default memory)")
    parser.add_argument("--batch", type=_every, metavar="N|random", help="hand over so many records at once")
    parser.add_argument("--restore-every", type=_every, metavar="N|random", help="restart after so many records")
    parser.add_argument("--live", action="store_true", help="run the real worker on a real broker, in lock step")
    parser.add_argument(
        "--bootstrap-servers",
        metavar="HOST:PORT",
        help="for --live (default STREAMAPP_BOOTSTRAP_SERVERS, else the running embedded broker, else one of its own)",
    )
    parser.add_argument("--sample", type=_number, metavar="N", help="run only N of the cases, chosen by the seed")
    parser.add_argument("--seed", type=int, default=0, help="decides what is left to chance (default 0)")
    return parser


def _every(text: str) -> Any:
    if text == "random":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give 1 or more, or 'random'")
    return int(text)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give 1 or more")
    return int(text)


def _chosen(cases: list[Case], ids: Iterable[str]) -> list[Case]:
    wanted = set(ids)
    missing = wanted - {case.id for case in cases}
    if missing:
        raise UsageError(f"the file has no case {', '.join(sorted(map(repr, missing)))}")
    return [case for case in cases if not wanted or case.id in wanted]


def _sample(cases: list[Case], size: int | None, seed: int) -> list[Case]:
    """So many of the cases, in their order; all when there are no more."""
    if size is None or size >= len(cases):
        return cases
    chance = random.Random(seed)  # noqa: S311 - a seeded choice, not a secret
    return [cases[at] for at in sorted(chance.sample(range(len(cases)), size))]


def _answers(cases: Sequence[Case], given: argparse.Namespace) -> tuple[dict[str, list[Record]], dict[str, str]]:
    if given.live:
        from streamapp.testing.conformance.live import run as live  # late: all else needs no Kafka client

        return live.answers(cases, given.bootstrap_servers)
    return answers(cases, Way(given.store or "memory", given.batch, given.restore_every, given.seed))


def answers(cases: Iterable[Case], way: Way) -> tuple[dict[str, list[Record]], dict[str, str]]:
    """The records of each case, and the errors of those that could not be run."""
    actual: dict[str, list[Record]] = {}
    errors: dict[str, str] = {}
    for case in cases:
        try:
            actual[case.id] = run(case, way)
        except Exception as error:  # noqa: BLE001 - whatever stops a case is its result
            errors[case.id] = f"{type(error).__name__}: {error}"
    return actual, errors


def failures(cases: Iterable[Case], actual: dict[str, list[Record]], errors: dict[str, str]) -> dict[str, str]:
    """By id, what is wrong with each case that is not as expected."""
    wrong: dict[str, str] = {}
    for case in cases:
        if case.id in errors:
            wrong[case.id] = errors[case.id]
        elif case.expected is not None and not agree(case.level, case.expected, actual[case.id]):
            wrong[case.id] = f"[{case.level}]\n{difference(case, actual[case.id])}"
    return wrong


def _report(cases: Sequence[Case], actual: dict[str, list[Record]], errors: dict[str, str]) -> int:
    wrong = failures(cases, actual, errors)
    optional = {case.id for case in cases if case.optional and case.id in wrong and case.id not in errors}
    failed = [id_ for id_ in wrong if id_ not in optional]
    for id_ in failed[:_SHOWN]:
        print(f"FAIL {id_} {wrong[id_]}\n")
    if len(failed) > _SHOWN:
        print(f"and {len(failed) - _SHOWN} more: {', '.join(failed[_SHOWN : _SHOWN + _NAMED])}, …\n")
    _table(cases, set(failed))
    if optional:
        print(f"not counted, as they show Kafka's own stores: {', '.join(sorted(optional))}")
    return FAILED if failed else PASSED


def _table(cases: Sequence[Case], failed: set[str]) -> None:
    total, bad = Counter(case.category for case in cases), Counter(case.category for case in cases if case.id in failed)
    width = max([5, *map(len, total)])
    for category in sorted(total):
        print(f"{category:{width}}  passed {total[category] - bad[category]:5}  failed {bad[category]:5}")
    print(f"{'total':{width}}  passed {len(cases) - len(failed):5}  failed {len(failed):5}")
