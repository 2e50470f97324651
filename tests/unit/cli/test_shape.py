"""What commands know of topologies: their topics and their tables, of every kind there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamapp import Topic, Topology, stream, table
from streamapp.cli.shape import shape_of
from streamapp.cli.topics import wanted_topics
from tests.unit.everything import TABLES, TOPOLOGY

Command = Callable[..., Any]


def test_all_that_is_read_written_and_kept() -> None:
    """Several topics of one stream, patterns, chosen sinks, global tables; each once."""
    shape = shape_of(TOPOLOGY)
    assert shape.reads == ("orders", "more-orders", "eu-.*", "users", "unkept", "rates", "products")
    assert set(shape.writes) == {"big", "out", "late", "counts", "visits", "names"}
    assert len(shape.writes) == len(set(shape.writes))
    assert set(shape.tables) == TABLES
    assert len(shape.tables) == len(TABLES)


def test_topics_that_are_made_have_names() -> None:
    """A pattern is none; compacted is what a table can be rebuilt from, which a history cannot."""
    wanted = wanted_topics([TOPOLOGY])
    assert "eu-.*" not in wanted
    assert {"orders", "more-orders", "visits"} <= set(wanted)
    assert {name for name, config in wanted.items() if config} == {"users", "unkept", "products"}


def test_a_table_nobody_needs_is_not_listed() -> None:
    """It keeps no rows."""
    users = table(Topic("users", key=str, value=str), "users", materialized=False)
    out = Topic("out", key=str, value=str)
    assert shape_of(Topology("copy", users.to_stream().to(out))).tables == ()
    joined = stream(Topic("in", key=str, value=str)).join(users, lambda one, other: one)
    assert shape_of(Topology("join", joined.to(out))).tables == ("users",)


@pytest.fixture
def everything(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry has the topology with every operator."""
    (project / "all.py").write_text(
        "from tests.unit.everything import TOPOLOGY\nTOPOLOGIES = (TOPOLOGY,)\n", encoding="utf-8"
    )
    monkeypatch.setenv("STREAMAPP_TOPOLOGIES", "all:TOPOLOGIES")


@pytest.mark.usefixtures("everything")
def test_the_list_has_no_hidden_stores(streamapp: Command) -> None:
    """Only tables an author can look at."""
    (found,) = json.loads(streamapp("list", "--json").out)
    assert set(found["tables"]) == TABLES


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "visits-times",
            "'visits-times' is what a step of topology 'everything' keeps for itself, not a table: did you",
        ),
        ("visit", "topology 'everything' has no table 'visit': did you mean 'visits'?"),
    ],
)
def test_a_hidden_store_is_said_to_be_one(streamapp: Command, name: str, words: str) -> None:
    """With the nearest table; exit code 3."""
    result = streamapp("everything", "table", name)
    assert result.code == 3
    assert words in result.err
