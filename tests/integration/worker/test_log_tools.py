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
