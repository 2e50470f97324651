"""How many partitions a repartition topic gets."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import Stream, Topic, Topology, TopologyError, stream, table
from streamapp.engine.partitions import partition_counts
from streamapp.engine.plan import plan
from streamapp.formats import codec_for

WIDE = Topic("wide", key=str, value=str)
NARROW = Topic("narrow", key=str, value=str)
ROWS = Topic("rows", key=str, value=str)
KNOWN = {"wide": 8, "narrow": 2, "rows": 4}


def moved(source: Stream[str, str], name: str, partitions: int | None = None) -> Stream[str, str]:
    """A stream behind a repartition topic."""
    return source.select_key(lambda value: value, key=str).repartition(name, partitions)


def joined(source: Stream[str, str], topic: Topic[str, str], name: str) -> Stream[str, str]:
    """Joined with a table."""
    return source.join(table(topic, name), lambda value, row: value, value=str)


def counts(*streams: Stream[Any, Any]) -> dict[str, int]:
    """The partition counts of a topology's repartition topics."""
    ends = [each.to(Topic(f"out-{at}", key=str, value=str)) for at, each in enumerate(streams)]
    return partition_counts(plan(Topology("t", *ends), codec_for), KNOWN)


def test_as_many_as_the_topic_that_is_written_from() -> None:
    """Each by itself."""
    assert counts(moved(stream(WIDE), "a"), moved(stream(NARROW), "b")) == {"a-repartition": 8, "b-repartition": 2}


def test_a_number_of_the_authors_is_the_number() -> None:
    """Whatever the sources have."""
    assert counts(moved(stream(WIDE), "a", 3)) == {"a-repartition": 3}


def test_as_many_as_the_table_it_is_joined_with() -> None:
    """Else its records would miss the rows."""
    assert counts(joined(moved(stream(WIDE), "a"), ROWS, "rows")) == {"a-repartition": 4}


def test_chains_get_theirs_from_the_topic_before() -> None:
    """Topic by topic."""
    assert counts(moved(moved(stream(WIDE), "a"), "b")) == {"a-repartition": 8, "b-repartition": 8}
    assert counts(moved(moved(stream(WIDE), "a", 3), "b")) == {"a-repartition": 3, "b-repartition": 3}


def test_topics_that_cannot_be_joined_are_named_with_their_counts() -> None:
    """And the remedy, for topics of others and for a number of the author's."""
    with pytest.raises(TopologyError, match=r"'rows' has 4, 'wide' has 8: add \.repartition\(name\)"):
        counts(joined(stream(WIDE), ROWS, "rows"))
    with pytest.raises(TopologyError, match="'a-repartition' has 3, 'rows' has 4: leave out partitions= of 'a-rep"):
        counts(joined(moved(stream(WIDE), "a", 3), ROWS, "rows"))


def test_a_missing_topic_is_the_callers_matter() -> None:
    """It knows what is missing."""
    with pytest.raises(KeyError, match="elsewhere"):
        counts(moved(stream(Topic("elsewhere", key=str, value=str)), "a"))
