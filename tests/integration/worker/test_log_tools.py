"""What the log can tell of a topology: its tables at any moment, what changed a row, whether its code still agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.worker.conftest import Bench, opened
from tests.integration.worker.test_tables import MINUTE, produce

LATER = "2000-01-01"
"""After all records."""

SOME = ("visits", "names", "products")
"""Tables of different kinds: of sessions, behind a repartition topic, global."""


@pytest.fixture(scope="module")
def bench(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench whose topology, with tables of every kind, has processed its input; these tests only look at it."""
    with opened(broker, tmp_path_factory.mktemp("log"), "tests.integration.worker.table_pipelines:TOPOLOGIES") as made:
        made.run("topics", "create", "--all", "--partitions", "2", "--config", "retention.ms=-1")
        made.topic(f"eu-orders-{made.prefix}", 2)
        produce(made)
        made.run("worker", "everything", "--until-end")
        yield made


def lines(out: str) -> list[Any]:
    """JSON lines."""
    return [json.loads(line) for line in out.splitlines()]


def test_a_replay_has_the_rows_of_the_worker_and_their_causes(bench: Bench) -> None:
    """Of tables of every kind, in the same order; nothing is left behind in Kafka."""
    before = bench.run("topics", "list")
    replayed = lines(bench.run("everything", "replay", "--until", LATER, "--json"))
    for table in SOME:
        rows = [{**row} for row in replayed if row["table"] == table]
        for row in rows:
            assert row.pop("cause")["topic"].endswith(bench.prefix)
            del row["table"]
        assert rows == lines(bench.run("everything", "table", table)), table
    assert bench.run("topics", "list") == before


def test_the_past_of_a_table_and_of_one_key(bench: Bench) -> None:
    """Before a time, an offset or a record; each change with its cause; unknown names and times are said."""
    early = lines(bench.run("everything", "replay", "--until", "1970-01-01T00:05:00Z", "--table", "totals", "--json"))
    assert {row["key"]: row["value"] for row in early} == {"ada": 120, "bob": 120, "cy\0": 120}
    changes = lines(bench.run("everything", "history", "totals", "ada", "--json"))
    assert [change["value"] for change in changes] == [10 * number for number in range(1, 37)]
    cause = changes[11]["cause"]
    assert early[0]["cause"] == cause
    behind = f"{cause['topic']}:{cause['partition']}:{cause['offset'] + 1}"
    at = lines(bench.run("everything", "replay", "--until", behind, "--table", "totals", "--key", "ada", "--json"))
    assert at == [early[0]]
    assert changes[11]["timestamp"] == 11 * 25_000 < 5 * MINUTE
    assert "had a key 'nobody'" in bench.run("everything", "history", "totals", "nobody", expect=3)
    assert "no table 'total'" in bench.run("everything", "replay", "--until", LATER, "--table", "total", expect=3)
    assert "'yesterday' cannot be read" in bench.run("everything", "replay", "--until", "yesterday", expect=2)


# -- events and outputs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipes(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench whose topology `totals` has counted forty readings: events of the flow `flow-7`, and one that fails."""
    with opened(broker, tmp_path_factory.mktemp("pipes"), "tests.integration.worker.pipelines:TOPOLOGIES") as made:
        for topic in ("readings", "totals"):
            made.topic(f"{topic}-{made.prefix}", 2)
        made.produce(f"readings-{made.prefix}", (reading(number) for number in [*range(40), -1]))
        made.run("totals", "run", "--until-end")
        yield made


def reading(number: int) -> dict[str, Any]:
    """A record that is an event, one of forty of four sensors."""
    flow = 7 if number < 0 else number
    fields = {
        "ce_specversion": "1.0",
        "ce_id": f"reading-{number}",
        "ce_type": "Reading",
        "ce_time": "2010-12-01T08:26:00.000Z",
        "ce_correlationid": f"flow-{flow}",
    }
    value = {"sensor": f"s{number % 4}", "sequence": number}
    return {"key": f"s{number % 4}", "value": value, "timestamp": 1000 * flow, "headers": list(fields.items())}


def test_a_flow_is_traced_over_all_topics(pipes: Bench) -> None:
    """Each event below its cause; a dead letter with what went wrong; an unknown id is said."""
    found = json.loads(pipes.run("trace", "flow-7", "--json"))
    topics = [event["topic"].removesuffix(f"-{pipes.prefix}").removeprefix(f"{pipes.prefix}-") for event in found]
    assert sorted(topics) == ["readings", "readings", "totals", "totals-dead-letters"]
    by_topic = {event["topic"]: event for event in found}
    total, letter = by_topic[f"totals-{pipes.prefix}"], by_topic[f"{pipes.prefix}-totals-dead-letters"]
    assert (total["type"], total["causation_id"]) == ("Total", "reading-7")
    assert "sequence -1 is negative" in letter["error"]
    out = pipes.run("trace", "flow-7")
    assert "Z    Total" in out
    assert "failed: builtins.ValueError" in out
    assert "no event has the correlation id 'nothing'" in pipes.run("trace", "nothing", expect=3)


def test_a_backtest_agrees_until_the_code_or_the_record_is_another(pipes: Bench) -> None:
    """All keys; then the differences by key, and exit code 1; what was never processed, or is no time, is said."""
    same = json.loads(pipes.run("totals", "backtest", "--since", "1970-01-01", "--json"))
    assert same == {"compared": 4, "different": []}
    wrong = {"readings": 11, "checksum": 0}
    pipes.produce(f"totals-{pipes.prefix}", [{"key": "s1", "value": wrong, "timestamp": 50_000}])
    out = pipes.run("totals", "backtest", "--since", "1970-01-01", "--json", output=1)
    (found,) = json.loads(out)["different"]
    assert (found["key"], found["recorded"], found["computed"]) == ("s1", [wrong], [])
    assert "1 differ" in pipes.run("totals", "backtest", "--since", "1970-01-01T00:00:45Z", output=1)
    assert "0 differ" in pipes.run("totals", "backtest", "--since", "1970-01-01T00:01:00Z")
    assert "has processed nothing yet" in pipes.run("strict", "backtest", "--since", "1970-01-01", expect=3)
    assert "--since 'now' cannot be read" in pipes.run("totals", "backtest", "--since", "now", expect=2)
