"""Cases under names of their own, as they are run by a worker: nothing of that changes their results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamapp.errors import UsageError
from streamapp.testing.conformance.cases import Case, Record, read_cases
from streamapp.testing.conformance.command import main
from streamapp.testing.conformance.live.lockstep import Course
from streamapp.testing.conformance.live.staged import NODE, Staged, names_of, stage, topology_of
from streamapp.testing.conformance.machine import Machine
from streamapp.testing.conformance.records import record
from streamapp.testing.conformance.runner import Way, run

CASES = read_cases(Path(__file__).parent / "cases.json")
STREAM = {"op": "stream", "key_type": "string", "value_type": "string"}


def case(
    id_: str = "c/One_2", *, inputs: tuple[dict[str, Any], ...] = (), nodes: tuple[dict[str, Any], ...] = ()
) -> Case:
    """A case of one stream, or of `nodes`."""
    given = nodes or ({"name": "s", "topic": "T", **STREAM},)
    return Case(id_, "c", given, [str(given[-1]["name"])], inputs, None, "ordered", False, {})


def given(topic: str, key: str | None = "k") -> dict[str, Any]:
    """An input."""
    return {"topic": topic, "key": key, "value": "v", "ts": 1}


def in_memory(staged: Staged) -> list[Record]:
    """What comes on its one output topic, without a broker."""
    outputs = staged.case.outputs
    machine = Machine(topology_of(**staged.document), None)
    try:
        for at, one in enumerate(staged.inputs):
            if one is not None:
                topic, timestamp, key, value = one
                machine.pipe(topic, [(at, timestamp, key, value)])
    finally:
        machine.close()
    records = []
    for cause, sink, (_, timestamp, key, value, headers) in machine.forwarded:
        node = (dict(headers).get(NODE) or b"").decode()
        if sink.topic == staged.out and node in outputs:
            records.append(record(cause, node if len(outputs) > 1 else None, key, value, timestamp))
    return records


def differing(cases: list[Case]) -> list[str]:
    """The ids of cases that give other records, or in another order, when they are staged."""
    return [
        one.id
        for one, name in zip(cases, names_of(cases), strict=True)
        if in_memory(stage(one, name, "app")) != run(one, Way())
    ]


def test_one_output_topic_changes_no_result() -> None:
    """Not what is kept, nor the order across nodes."""
    assert differing(CASES) == []


@pytest.mark.shared
@pytest.mark.parametrize("file", ["kafka-cases.json", "generated.json"])
def test_one_output_topic_changes_no_result_of_kafkas_cases(shared: Path, file: str) -> None:
    """As above, for all of them."""
    assert differing(read_cases(shared / file)) == []


def test_names_are_kebab_case_and_differ() -> None:
    """Also when ids differ in their signs only, or are very long."""
    long = "x" * 200
    names = list(names_of([case("a/B_c"), case("a-b-c"), case("run"), case(long + "1"), case(long + "2")]))
    assert names[:3] == ["case-a-b-c", "case-a-b-c-1", "case-run"]
    assert len(set(names)) == 5
    assert max(map(len, names)) < 100


def test_topics_are_told_apart_by_what_reads_them() -> None:
    """One of a null key takes no compaction; one that nobody reads is not there."""
    nodes = (
        {"name": "s", "topic": "S", **STREAM},
        {"name": "t", "topic": "T", **STREAM, "op": "table"},
        {"name": "g", "topic": "G", **STREAM, "op": "global_table"},
        {"name": "k", "op": "select_key", "in": "s", "fn": "value"},
        {"name": "j", "op": "stream_table_join", "left": "k", "right": "t", "type": "inner", "joiner": "plus"},
    )
    staged = stage(case(inputs=(given("S"), given("T", None), given("nobody")), nodes=nodes), "one", "app")
    assert staged.group == "app-one"
    read = [sorted(topics) for topics in (staged.streams, staged.tables, staged.globals)]
    assert read == [["app-one-0-S"], ["app-one-1-T"], ["app-one-2-G"]]
    assert staged.internal == {"app-one-j-left-repartition"}
    assert staged.keyless == {"app-one-1-T"}
    assert [one and one[0] for one in staged.inputs] == ["app-one-0-S", "app-one-1-T", None]


def test_what_cannot_be_built_or_written_is_refused() -> None:
    """Before anything is made on a broker."""
    with pytest.raises(UsageError, match="no op is called 'magic'"):
        stage(case(nodes=({"name": "s", "op": "magic"},)), "one", "app")
    with pytest.raises(TypeError, match="is no scalar"):
        stage(case(inputs=({"topic": "T", "key": "k", "value": [1], "ts": 1},)), "one", "app")


def test_inputs_that_nobody_reads_are_done_at_once() -> None:
    """Before, between and behind others; the output topic ends where it did."""
    inputs = (given("X"), given("T"), given("X"), given("X"), given("T"), given("X"))
    course = Course(stage(case(inputs=inputs), "one", "app"))
    assert course.marks == [0]
    course.settle(3)
    assert (course.marks, course.over) == ([0, 3, 3, 3], False)
    course.settle(4)
    assert (course.marks, course.over) == ([0, 3, 3, 3, 4, 4], True)


@pytest.mark.parametrize(
    "options",
    [
        ["--live", "--store", "memory"],
        ["--live", "--batch", "3"],
        ["--live", "--restore-every", "random"],
        ["--bootstrap-servers", "127.0.0.1:9"],
        ["--sample", "0"],
    ],
)
def test_options_that_say_nothing_together_are_refused(options: list[str]) -> None:
    """With the exit code of wrong use."""
    with pytest.raises(SystemExit, match="2"):
        main([str(Path(__file__).parent / "cases.json"), *options])


def test_a_cluster_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """It is no failure of the cases, and no wrong use."""
    arguments = ["--live", "--bootstrap-servers", "127.0.0.1:9"]
    assert main([str(Path(__file__).parent / "cases.json"), *arguments]) == 1
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_a_sample_is_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And as large as was asked for."""

    def sample(seed: int) -> str:
        out = tmp_path / "out.json"
        options = ["--sample", "4", "--seed", str(seed), "--actual", str(out)]
        assert main([str(Path(__file__).parent / "cases.json"), *options]) == 0
        assert "passed     4" in capsys.readouterr().out.splitlines()[-1]
        return out.read_text(encoding="utf-8")

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)
