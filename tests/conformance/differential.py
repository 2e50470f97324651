"""Runs freshly made cases on Kafka Streams and on ours, and shows where the results differ.

python tests/conformance/differential.py --seeds 1:20 --count 200 [--profile NAME] [--store …] [--batch …] …

For each seed: cases are generated, the real engine answers them, ours does, and both are compared, exact sequences
of each output node. A case that differs is answered again with the byte order of keys reversed and with other stores,
so that only what Kafka Streams itself always gives is demanded. Needs Java, Maven and the folder of shared cases.
What differs is written to `--failed`, ready for the conformance command.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamapp.testing.conformance.cases import Case, read_cases
from streamapp.testing.conformance.command import answers, failures
from streamapp.testing.conformance.runner import Way

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "conformance"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs all seeds; 1 when a case differs."""
    given = _parser().parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    oracle = _oracle(given.work)
    way = Way(given.store, given.batch, given.restore_every, given.seed)
    total, found = 0, []
    first, last = (int(part) for part in given.seeds.split(":"))
    for seed in range(first, last + 1):
        file = given.work / f"{given.profile}-{seed}.json"
        _generate(file, seed, given)
        cases = _answered(oracle, file)
        actual, errors = answers(cases, way)
        wrong = failures(cases, actual, errors)
        doubtful = [case for case in cases if case.id in wrong]
        sure = [case for case in _settled(oracle, file, doubtful) if case.id in failures([case], actual, errors)]
        total += len(cases)
        found += [(file, case.id) for case in sure]
        print(f"seed {seed}: {len(cases)} cases, {len(doubtful)} differ, {len(sure)} of them wrong", flush=True)
        for case in sure:
            print(f"FAIL {case.id} {wrong[case.id]}\n", flush=True)
        if not sure and not given.keep:
            file.unlink()
    print(f"{total} cases, {len(found)} wrong")
    _keep(given.failed, found)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compares freshly made cases with Kafka Streams.")
    parser.add_argument("--seeds", default="1:1", metavar="FROM:TO")
    parser.add_argument("--count", type=int, default=200, help="cases for each seed")
    parser.add_argument("--profile", default="all")
    parser.add_argument("--inputs", help="N or LOW:HIGH for each case")
    parser.add_argument("--keys", type=int, default=0, help="keys of each topic; 0: 2 to 4")
    parser.add_argument("--store", choices=("memory", "rocksdb"), default="memory")
    parser.add_argument("--batch", choices=("random",))
    parser.add_argument("--restore-every", choices=("random",))
    parser.add_argument("--seed", type=int, default=0, help="decides what is left to chance")
    parser.add_argument("--work", type=Path, default=ROOT / ".streamapp" / "differential")
    parser.add_argument("--failed", type=Path, help="write the cases that differ to this file")
    parser.add_argument("--keep", action="store_true", help="keep the cases of every seed")
    return parser


def _oracle(work: Path) -> Path:
    """A copy of the real engine's runner that may be built."""
    copy = work / "oracle"
    if not copy.is_dir():
        shutil.copytree(SHARED / "oracle", copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
    return copy / "run"


def _generate(file: Path, seed: int, given: argparse.Namespace) -> None:
    command = [sys.executable, str(SHARED / "generate.py"), "--seed", str(seed), "--count", str(given.count)]
    command += ["--profile", given.profile, "--keys", str(given.keys)]
    command += ["--inputs", given.inputs] if given.inputs else []
    done = subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(done.stdout)


def _answer(oracle: Path, cases: Path, *options: str) -> dict[str, Any]:
    """What the real engine gives for a file of cases, by id; nothing for one it fails on."""
    out = cases.with_suffix(".kafka.json")
    fast = {"TMPDIR": "/dev/shm"} if Path("/dev/shm").is_dir() else {}  # noqa: S108 - a folder of its own is made in it
    command = [str(oracle), *options, str(cases), str(out)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **fast})
    actual: dict[str, Any] = json.loads(out.read_bytes())["actual"]
    out.unlink()
    return actual


def _answered(oracle: Path, file: Path) -> list[Case]:
    """The cases, as the real engine answers them; those it fails on are left out."""
    actual = _answer(oracle, file)
    return [replace(case, expected=actual[case.id]) for case in read_cases(file) if case.id in actual]


def _settled(oracle: Path, file: Path, doubtful: Sequence[Case]) -> Iterator[Case]:
    """The doubtful cases at the level at which the real engine agrees with itself however its stores are."""
    if not doubtful:
        return
    ids = {case.id for case in doubtful}
    document = json.loads(file.read_bytes())
    some = file.with_suffix(".some.json")
    some.write_text(json.dumps({"cases": [case for case in document["cases"] if case["id"] in ids]}), encoding="utf-8")
    variants = [_answer(oracle, some, *options) for options in (["--invert-keys"], ["--stores", "memory"])]
    lasting = _answer(oracle, some, "--long-retention")
    some.unlink()
    for case in doubtful:
        level = _level(case, [variant.get(case.id) for variant in variants])
        expected = case.expected
        if level is None or lasting.get(case.id) != expected:
            print(f"left out {case.id}: the real engine gives other results with other stores")
            continue
        yield replace(case, level=level)


def _level(case: Case, variants: Sequence[Any]) -> str | None:
    for level in ("ordered_per_node", "ordered_per_key", "multiset"):
        leveled = replace(case, level=level)
        if all(not failures([leveled], {case.id: variant}, {}) for variant in variants if variant is not None):
            return level
    return None


def _keep(target: Path | None, found: Sequence[tuple[Path, str]]) -> None:
    if target is None or not found:
        return
    wanted = {id_ for _, id_ in found}
    documents = [json.loads(file.read_bytes()) for file in {file for file, _ in found}]
    cases = [case for document in documents for case in document["cases"] if case["id"] in wanted]
    target.write_text(json.dumps({"cases": cases}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
