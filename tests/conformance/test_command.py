"""The command: what it writes, what it prints, and how it ends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamapp.testing.conformance.cases import read_cases
from streamapp.testing.conformance.command import main
from streamapp.testing.conformance.runner import Way, run

CASES = Path(__file__).parent / "cases.json"


def entry(**changes: Any) -> dict[str, Any]:
    """A case that passes; `changes` replace parts of it."""
    topic = {"topic": "T", "key_type": "string", "value_type": "string"}
    case: dict[str, Any] = {
        "id": "one",
        "category": "c",
        "topology": {"nodes": [{"name": "s", "op": "stream", **topic}], "outputs": ["s"]},
        "inputs": [{"topic": "T", "key": "a", "value": "x", "ts": 3}],
        "expected": [{"after": 0, "key": "a", "value": "x", "ts": 3}],
        "asserts": "ordered",
    }
    return case | changes


def written(folder: Path, *cases: dict[str, Any]) -> Path:
    """A file of these cases."""
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    return path


def test_writes_what_came_out_and_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All records of all cases, in the form of `expected`; passes are counted by category."""
    assert main([str(written(tmp_path, entry())), "--actual", str(tmp_path / "out.json")]) == 0
    answer = json.loads((tmp_path / "out.json").read_bytes())
    assert answer == {"actual": {"one": entry()["expected"]}, "errors": {}}
    assert capsys.readouterr().out.split() == ["c", "passed", "1", "failed", "0", "total", "passed", "1", "failed", "0"]


def test_cases_without_expectations_are_run_and_pass(tmp_path: Path) -> None:
    """There is nothing to compare."""
    case = entry()
    del case["expected"], case["asserts"]
    assert main([str(written(tmp_path, case)), "--actual", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_bytes())["actual"] == {"one": entry()["expected"]}


def test_a_difference_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And prints what was expected, what came, and the input it came of."""
    wrong = entry(expected=[{"after": 0, "key": "a", "value": "y", "ts": 3}])
    assert main([str(written(tmp_path, wrong)), "--actual", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr().out
    assert 'FAIL one [ordered]\n  s: stream {"topic": "T"' in printed
    assert '  > input 0: T "a" = "x" @ 3\n  - [0] "a" = "y" @ 3\n  + [0] "a" = "x" @ 3\n' in printed


def test_a_record_of_no_input_is_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that came when all inputs were done says so."""
    wrong = entry(expected=[*entry()["expected"], {"after": 1, "key": "a", "value": "y", "ts": 3}])
    assert main([str(written(tmp_path, wrong))]) == 1
    assert "  > input 1: there is none: it came behind the last\n" in capsys.readouterr().out


def test_a_case_that_shows_kafkas_own_stores_does_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named all the same."""
    wrong = entry(expected=[], tags=["retention_sensitive"])
    assert main([str(written(tmp_path, wrong)), "--actual", str(tmp_path / "out.json")]) == 0
    assert "not counted, as they show Kafka's own stores: one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"topology": {"nodes": [{"name": "s", "op": "magic"}], "outputs": ["s"]}}, "no op is called 'magic'"),
        ({"topology": {"nodes": [], "outputs": ["s"]}}, "the case uses 's' before it is made"),
        ({"inputs": [{"topic": "T", "key": "a", "value": [1], "ts": 3}]}, "is no scalar"),
        ({"inputs": [{"topic": "T"}]}, "KeyError"),
    ],
)
def test_a_case_that_cannot_be_run_is_an_error(changes: dict[str, Any], error: str, tmp_path: Path) -> None:
    """It is in `errors`, has no `actual`, and the command ends with 1; others are run."""
    path = written(tmp_path, entry(**changes), entry(id="two"))
    assert main([str(path), "--actual", str(tmp_path / "out.json")]) == 1
    answer = json.loads((tmp_path / "out.json").read_bytes())
    assert list(answer["actual"]) == ["two"]
    assert error in answer["errors"]["one"]


@pytest.mark.parametrize("text", ["{", "[]", '{"cases": [{}]}', '{"cases": [1]}', ""])
def test_an_unreadable_file_ends_with_2(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the file."""
    path = tmp_path / "cases.json"
    path.write_text(text, encoding="utf-8")
    assert main([str(path), "--actual", str(tmp_path / "out.json")]) == 2
    assert "cases.json' is not a file of cases" in capsys.readouterr().err


def test_a_missing_file_and_a_case_that_is_not_there_end_with_2(tmp_path: Path) -> None:
    """As does wrong use."""
    out = ["--actual", str(tmp_path / "out.json")]
    assert main([str(tmp_path / "none.json"), *out]) == 2
    assert main([str(written(tmp_path, entry())), *out, "--case", "three"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), *out, "--batch", "0"])


def test_only_the_cases_asked_for_are_run(tmp_path: Path) -> None:
    """`--case` may be given more than once."""
    path = written(tmp_path, entry(id="one"), entry(id="two"), entry(id="three"))
    arguments = ["--case", "one", "--case", "three", "--actual", str(tmp_path / "out.json")]
    assert main([str(path), *arguments]) == 0
    assert list(json.loads((tmp_path / "out.json").read_bytes())["actual"]) == ["one", "three"]


def test_the_module_is_the_command_and_reads_gzip(tmp_path: Path) -> None:
    """As others call it."""
    packed = tmp_path / "cases.json.gz"
    packed.write_bytes(gzip.compress(CASES.read_bytes()))
    command = [sys.executable, "-m", "streamapp.testing.conformance", str(packed), "--actual", str(tmp_path / "o.json")]
    options = ["--store", "rocksdb", "--batch", "random", "--restore-every", "random", "--seed", "7"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads((tmp_path / "o.json").read_bytes())["actual"]) == len(read_cases(CASES))


def test_records_of_several_outputs_name_their_node(tmp_path: Path) -> None:
    """In the order in which they were forwarded: those of a node in the middle come before those behind it."""
    nodes = [
        {"name": "s", "op": "stream", "topic": "T", "key_type": "string", "value_type": "string"},
        {"name": "m", "op": "map_values", "in": "s", "fn": "upper"},
        {"name": "g", "op": "group_by_key", "in": "m"},
        {"name": "n", "op": "count", "in": "g"},
    ]
    case = entry(topology={"nodes": nodes, "outputs": ["n", "s"]})
    (read,) = read_cases(written(tmp_path, case))
    assert [(record["node"], record["value"]) for record in run(read, Way())] == [("n", 1), ("s", "x")]


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_names_the_input_of_each_record(seed: int, tmp_path: Path) -> None:
    """However the input is cut, also behind a repartition topic that many inputs share."""
    nodes = [
        {"name": "s", "op": "stream", "topic": "T", "key_type": "string", "value_type": "string"},
        {"name": "f", "op": "flat_map", "in": "s", "fn": "char_keys"},
        {"name": "g", "op": "group_by_key", "in": "f"},
        {"name": "n", "op": "count", "in": "g"},
    ]
    inputs = [{"topic": "T", "key": "k", "value": "ab"[: at % 3], "ts": 50 - at} for at in range(20)]
    case = entry(topology={"nodes": nodes, "outputs": ["s", "n"]}, inputs=inputs)
    (read,) = read_cases(written(tmp_path, case))
    assert run(read, Way(batch="random", seed=seed)) == run(read, Way())
