"""`describe` of steps of streams against what Kafka Streams 4.3.1 prints (`described_steps/DescribeSteps.java`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp import (
    Processor,
    Topic,
    TopicPattern,
    Topology,
    ValueProcessor,
    describe,
    key_value_store,
    stream,
)

DESCRIBED = Path(__file__).parent / "described_steps"


class Nothing(Processor[str, str, str, str]):
    """Does nothing."""


class NoValues(ValueProcessor[str, str, str]):
    """Does nothing."""


STORE = key_value_store("seen", key=str, value=str)
OTHER = key_value_store("also", key=str, value=str)


def topic(name: str) -> Topic[str, str]:
    """A topic of text."""
    return Topic(name, key=str, value=str)


def always(value: str) -> bool:
    """Keeps all."""
    return True


def same(value: str) -> str:
    """The value, also as a key."""
    return value


def nothing(value: str) -> None:
    """Does nothing."""


def flat_maps() -> Topology:
    """One of each step that gives many records, and a look at them."""
    pairs = stream(topic("in")).flat_map(lambda key, value: [(key, value)], key=str, value=str)
    return Topology("t", pairs.flat_map_values(lambda value: [value], value=str).peek(nothing).to(topic("out")))


def effects() -> Topology:
    """Ends that are no topics."""
    in_ = stream(topic("in"))
    return Topology("t", in_.for_each(nothing), in_.print("in"))


def merge() -> Topology:
    """Three streams as one."""
    one = stream(topic("b")).filter(always)
    two = stream(topic("a"))
    return Topology("t", one.merge(two).merge(stream(topic("c"))).to(topic("out")))


def merge_of_sub_topologies() -> Topology:
    """A stream from a repartition topic with one from a topic."""
    moved = stream(topic("b")).select_key(same).repartition("by-v")
    return Topology("t", moved.merge(stream(topic("a"))).group_by_key().count("n"))


def split() -> Topology:
    """Two branches and a default, used out of order."""
    one, two, rest = stream(topic("in")).split().branch(always).branch(always).default()
    first = two.to(topic("one"))
    return Topology("t", first, one.map_values(same).merge(rest).to(topic("out")))


def split_without_default() -> Topology:
    """One branch."""
    (one,) = stream(topic("in")).filter(always).split().branch(always).no_default()
    return Topology("t", one.to(topic("out")))


def several_topics() -> Topology:
    """Three topics as one stream; Kafka prints them in the order of a Java set."""
    orders = stream(topic("orders"), topic("payments"), topic("returns")).to(topic("out"))
    return Topology("t", orders, stream(topic("z")).to(topic("out2")))


def pattern() -> Topology:
    """All topics of a name."""
    return Topology("t", stream(TopicPattern("orders-.*", key=str, value=str)).to(topic("out")))


def process() -> Topology:
    """Processors, one with stores."""
    watched = stream(topic("in")).process(Nothing, "watching", stores=[STORE, OTHER])
    return Topology("t", watched.filter(always).process_values(NoValues, "adding").to(topic("out")))


def processors_that_share() -> Topology:
    """Two processors on one store are one sub-topology."""
    first = stream(topic("in")).process(Nothing, "first", stores=[STORE]).to(topic("out"))
    second = stream(topic("other")).process(Nothing, "second", stores=[STORE]).to(topic("out2"))
    return Topology("t", first, second, stream(topic("third")).to(topic("out3")))


BUILDERS: dict[str, Callable[[], Topology]] = {
    "flat-maps": flat_maps,
    "effects": effects,
    "merge": merge,
    "merge-of-sub-topologies": merge_of_sub_topologies,
    "split": split,
    "split-without-default": split_without_default,
    "several-topics": several_topics,
    "pattern": pattern,
    "process": process,
    "processors-that-share": processors_that_share,
}


def test_every_description_of_kafka_is_compared() -> None:
    """No file that Kafka has written is left out."""
    assert set(BUILDERS) == {path.stem for path in DESCRIBED.glob("*.txt")}


@pytest.mark.parametrize("name", BUILDERS)
def test_prints_what_kafka_prints(name: str) -> None:
    """Letter for letter, with names, numbers, order and blank lines."""
    assert describe(BUILDERS[name]()) == (DESCRIBED / f"{name}.txt").read_text(encoding="utf-8")


def test_a_sink_that_is_chosen_names_its_function() -> None:
    """Where Kafka prints the class of the extractor."""
    out = topic("out")

    def choose(value: str) -> Topic[str, str]:
        return out

    printed = describe(Topology("t", stream(topic("in")).to(choose, topics=[out])))
    assert "    Sink: KSTREAM-SINK-0000000001 (extractor class: choose (" in printed
