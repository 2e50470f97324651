"""In which order the sub-topologies of a topology come to rest."""

from __future__ import annotations

import pytest

from streamapp import Topic, Topology, stream, table
from streamapp.cli.withholding import levels
from streamapp.engine.plan import plan
from streamapp.errors import ConfigurationError
from streamapp.formats import codec_for

IN = Topic("in", key=str, value=str)
OTHER = Topic("other", key=str, value=str)
OUT = Topic("out", key=str, value=str)


def test_who_writes_a_repartition_topic_rests_before_who_reads_it() -> None:
    """Level after level; those that read none are first."""
    twice = stream(IN).repartition("one").repartition("two").to(OUT)
    made = plan(Topology("t", twice, stream(OTHER).to(OUT)), codec_for)
    reads = {sub.number: {source.topic for source in sub.sources} for sub in made.subtopologies}
    assert [set().union(*(reads[number] for number in level)) for level in levels(made)] == [
        {"in", "other"},
        {"one-repartition"},
        {"two-repartition"},
    ]


def test_sides_that_write_for_each_other_never_rest() -> None:
    """Those of a foreign-key join."""
    joined = table(IN, "left").join(
        table(OTHER, "right"), lambda left, right: left + right, name="joined", foreign_key=lambda value: value
    )
    with pytest.raises(ConfigurationError, match=r"foreign-key join.*reset"):
        levels(plan(Topology("t", joined.to_stream().to(OUT)), codec_for))
