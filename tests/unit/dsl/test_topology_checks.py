"""What is checked of a topology as a whole, when it is made."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from streamapp import HOUR, Topic, Topology, TopologyError, json, stream, table, tumbling
from streamapp.dsl.topology import RESERVED

IN = Topic("in", key=str, value=str)
OUT = Topic("out", key=str, value=str)
USERS = Topic("users", key=str, value=str)


def same(value: str) -> str:
    """The value."""
    return value


def test_a_topology_is_a_value() -> None:
    """It cannot be changed, and knows its steps in the order they were made."""
    source = stream(IN)
    end = source.map_values(same).to(OUT)
    topology = Topology("copy", end)
    assert topology.ends == (end,)
    assert (topology.on_error, topology.max_task_idle_ms) == ("dead_letter", 0)
    assert [node.created for node in topology.nodes] == sorted(node.created for node in topology.nodes)
    assert len(topology.nodes) == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        topology.name = "other"  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize("name", RESERVED)
def test_names_of_commands_are_refused(name: str) -> None:
    """The error lists what else cannot be taken."""
    with pytest.raises(TopologyError, match=r"is called like a command: .* worker") as raised:
        Topology(name, stream(IN).to(OUT))
    assert f"'{name}' at {__file__}:" in str(raised.value)


def test_names_are_kebab_case() -> None:
    """They name the consumer group, topics and folders."""
    with pytest.raises(TopologyError, match="the name 'Copy' is not kebab-case"):
        Topology("Copy", stream(IN).to(OUT))


def test_a_topology_has_an_end() -> None:
    """Without one nothing would run."""
    with pytest.raises(TopologyError, match=r"topology 'copy' at .* has no end: give it what .to\(TOPIC\) returns"):
        Topology("copy")


@pytest.mark.parametrize(
    ("end", "remedy"),
    [
        (stream(IN), r"a Stream is not an end: add \.to\(TOPIC\)"),
        (
            stream(IN).group_by_key(),
            r"a GroupedStream is not an end: give what \.to\(TOPIC\) returns, or a table",
        ),
        (OUT, "a Topic is not an end"),
        (None, "a NoneType is not an end"),
    ],
)
def test_only_sinks_and_tables_are_ends(end: Any, remedy: str) -> None:
    """What is forgotten most is `.to`."""
    with pytest.raises(TopologyError, match=remedy):
        Topology("copy", end)


def test_options_are_checked() -> None:
    """Before anything is consumed."""
    with pytest.raises(TopologyError, match="on_error='ignore': give 'dead_letter', 'fail' or 'skip'"):
        Topology("copy", stream(IN).to(OUT), on_error="ignore")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(TopologyError, match="max_task_idle_ms=-2: give -1, 0 or more"):
        Topology("copy", stream(IN).to(OUT), max_task_idle_ms=-2)


def test_two_steps_may_not_have_one_name() -> None:
    """The error names both places; one value used twice is one step."""
    group = stream(IN).group_by_key()
    count = group.count("twice")
    Topology("once", count, count.to_stream().to(Topic("out", key=str, value=int)))
    with pytest.raises(TopologyError) as raised:
        Topology("two-stores", count, group.windowed_by(tumbling(HOUR)).count("twice"))
    assert str(raised.value).count(__file__) == 2
    assert "two steps are called 'twice'" in str(raised.value)
    with pytest.raises(TopologyError, match="two steps are called 'twice'"):
        Topology("group-and-store", stream(IN).group_by(same, "twice").count("twice"))
    with pytest.raises(TopologyError, match="two steps are called 'twice'"):
        Topology("two-tables", table(USERS, "twice"), table(IN, "twice"))


def test_a_topic_has_one_type() -> None:
    """Wherever it is read or written."""
    other: Topic[str, str] = Topic("in", key=str, value=str, format=json)
    with pytest.raises(TopologyError, match=r"topic 'in' has other types or formats at .* use one Topic value"):
        Topology("two-formats", stream(IN).to(OUT), stream(other).to(OUT))
    with pytest.raises(TopologyError, match="topic 'in' has other types or formats"):
        Topology("read-and-written", stream(IN).to(other))
    Topology("loop", stream(IN).to(IN))


def test_a_topic_that_is_a_table_is_read_once() -> None:
    """As in Kafka Streams; streams of one topic may be many."""
    users = table(USERS, "users")
    with pytest.raises(TopologyError, match=r"topic 'users' is read at .* once as a table: use one table value"):
        Topology("table-and-stream", users, stream(USERS).to(OUT))
    with pytest.raises(TopologyError, match="topic 'users' is read at"):
        Topology("two-tables", users, table(USERS, "also-users"))
    Topology("two-streams", stream(IN).to(OUT), stream(IN).to(OUT))


@pytest.mark.parametrize("name", ["", "a b", "ä", "a/b", ".", "..", "a" * 250])
def test_topic_names_are_those_kafka_takes(name: str) -> None:
    """Found at import, not when the topic is made."""
    with pytest.raises(TopologyError, match="is not legal in Kafka"):
        Topic(name, key=str, value=str)
