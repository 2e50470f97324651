"""Several topics and patterns in one stream, timestamps of the author's, sinks chosen per record, partitioners."""

from __future__ import annotations

import pytest

from streamapp import Topic, TopicPattern, Topology, TopologyError, stream
from streamapp.engine.plan import plan
from streamapp.errors import ProcessingError
from streamapp.formats import codec_for
from streamapp.testing.driver import TopologyDriver

A = Topic("orders-a", key=str, value=int)
B = Topic("orders-b", key=str, value=int)
OUT = Topic("out", key=str, value=int)
BIG = Topic("big", key=str, value=int)


def test_a_stream_of_several_topics_has_the_records_of_all() -> None:
    """One stream, whatever topic a record comes from."""
    with TopologyDriver(Topology("t", stream(A, B).to(OUT))) as driver:
        driver.pipe(A, "a", 1)
        driver.pipe(B, "b", 2)
        assert driver.pairs(OUT) == [("a", 1), ("b", 2)]


def test_topics_of_different_types_cannot_be_one_stream() -> None:
    """The error names both topics and their types."""
    with pytest.raises(TopologyError, match="the values of 'orders-a' are int, those of 'words' str"):
        stream(A, Topic("words", key=str, value=str))  # type: ignore[misc]


def test_a_pattern_reads_all_topics_that_match_it() -> None:
    """Of those that exist, by their whole names."""
    orders = stream(TopicPattern("orders-[a-z]", key=str, value=int))
    existing = ["orders-a", "orders-b", "orders-abc", "other"]
    with TopologyDriver(Topology("t", orders.to(OUT)), topics=existing) as driver:
        driver.pipe("orders-b", "b", 2)
        driver.pipe("orders-a", "a", 1)
        assert driver.pairs(OUT) == [("b", 2), ("a", 1)]
        assert {source.topic for sub in driver.plan.subtopologies for source in sub.sources} == {
            "orders-a",
            "orders-b",
        }


def test_a_pattern_that_matches_nothing_reads_nothing() -> None:
    """It may match later."""
    topology = Topology("t", stream(TopicPattern("orders-.*", key=str, value=int)).to(OUT), stream(BIG).to(OUT))
    assert [[source.topic for source in sub.sources] for sub in plan(topology, codec_for).subtopologies] == [
        [],
        ["big"],
    ]


def test_a_topic_cannot_be_read_by_name_and_by_pattern() -> None:
    """As in Kafka Streams; the error names the topic and both places."""
    topology = Topology("t", stream(A).to(OUT), stream(TopicPattern("orders-.*", key=str, value=int)).to(OUT))
    with pytest.raises(TopologyError, match=r"topic 'orders-a' is read at .* by a pattern"):
        plan(topology, codec_for, ["orders-a"])


def test_a_pattern_must_be_a_regular_expression() -> None:
    """The error comes when it is made."""
    with pytest.raises(TopologyError, match=r"'\(' is not a regular expression"):
        TopicPattern("(", key=str, value=int)


def test_the_authors_timestamp_replaces_the_records_own() -> None:
    """For results, and for the choice which record is next."""
    topology = Topology("t", stream(A, timestamp=lambda value: value * 1000).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(A, "a", 5, timestamp=1)
        assert driver.read(OUT) == [("a", 5, 5000, ())]


def test_the_timestamp_may_be_taken_from_the_key() -> None:
    """A function of two parameters gets key and value."""
    topology = Topology("t", stream(A, timestamp=lambda key, value: len(key)).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(A, "abc", 5, timestamp=1)
        assert driver.read(OUT) == [("abc", 5, 3, ())]


@pytest.mark.parametrize("nothing", [None, -1])
def test_a_record_without_a_timestamp_is_dropped_and_counted(nothing: int | None) -> None:
    """None and a negative time are no time (Kafka's LogAndSkipOnInvalidTimestamp)."""
    topology = Topology("t", stream(A, timestamp=lambda value: nothing if value < 0 else 7).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(A, "a", -5)
        driver.pipe(A, "b", 5)
        assert driver.pairs(OUT) == [("b", 5)]
        assert driver.dropped == {"orders-a": 1}


def test_a_record_whose_timestamp_cannot_be_found_is_a_dead_letter() -> None:
    """It names the function; later records go on."""

    def broken(value: int) -> int:
        return 1 // value

    with TopologyDriver(Topology("t", stream(A, timestamp=broken).to(OUT))) as driver:
        driver.pipe(A, "a", 0)
        driver.pipe(A, "b", 1)
        assert driver.pairs(OUT) == [("b", 1)]
        (letter,) = driver.dead_letters
        assert letter.row[2] == b"a"
        assert "broken" in str(letter.function)


def test_bytes_that_cannot_be_read_are_a_decode_failure_with_an_extractor_too() -> None:
    """The extractor is not blamed for them."""
    with TopologyDriver(Topology("t", stream(A, timestamp=lambda value: value).to(OUT))) as driver:
        driver.pipe_bytes(A, b"a", b"not a number")
        assert [letter.stage for letter in driver.dead_letters] == ["decode"]


def test_one_topic_has_one_timestamp() -> None:
    """Two streams of it with different functions are refused."""
    topology = Topology("t", stream(A, timestamp=lambda value: value).to(OUT), stream(A).to(BIG))
    with pytest.raises(TopologyError, match="'orders-a' is read with different timestamps"):
        plan(topology, codec_for)


def chosen(value: int) -> Topic[str, int]:
    """Where a value goes."""
    return BIG if value > 10 else OUT


def test_a_function_chooses_the_topic_of_each_record() -> None:
    """Among those announced."""
    with TopologyDriver(Topology("t", stream(A).to(chosen, topics=[OUT, BIG]))) as driver:
        driver.pipe(A, "a", 1)
        driver.pipe(A, "b", 100)
        assert (driver.pairs(OUT), driver.pairs(BIG)) == ([("a", 1)], [("b", 100)])


def test_a_topic_that_was_not_announced_fails_the_record() -> None:
    """The error names the function, the topic and the remedy."""
    with TopologyDriver(Topology("t", stream(A).to(chosen, topics=[OUT]), on_error="fail")) as driver:
        driver.pipe(A, "a", 1)
        with pytest.raises(ProcessingError, match=r"chosen .*chose Topic\(name='big'.*add it to topics="):
            driver.pipe(A, "b", 100)


def test_a_function_needs_topics_to_choose_from() -> None:
    """None announced is an error when it is made."""
    with pytest.raises(TopologyError, match="chooses among no topics"):
        stream(A).to(chosen, topics=[])


def test_what_is_chosen_may_be_read_again() -> None:
    """A topic that is written by choice and read is passed on like any other."""
    topology = Topology("t", stream(A).to(chosen, topics=[OUT, BIG]), stream(BIG).map_values(abs, value=int).to(B))
    with TopologyDriver(topology) as driver:
        driver.pipe(A, "b", 100)
        assert driver.pairs(B) == [("b", 100)]


def test_partitioners_are_given_what_was_written() -> None:
    """Value and count, or key, value and count; a partition that is not there is an error naming the function."""
    source = stream(A)
    topology = Topology(
        "t",
        source.to(OUT, partitioner=lambda value, count: value % count),
        source.repartition("spread", 3, partitioner=lambda key, value, count: len(key)).to(BIG),
    )
    sinks = {sink.topic: sink for sub in plan(topology, codec_for).subtopologies for sink in sub.sinks}
    by_value, by_key = sinks["out"].partitioner, sinks["spread-repartition"].partitioner
    assert by_value is not None
    assert by_key is not None
    assert by_value(b"a", b"5", 3) == 2
    assert by_key(b"ab", None, 3) == 2
    with pytest.raises(ValueError, match=r"chose 4: give one of the 3 partitions, 0 to 2"):
        by_key(b"abcd", b"1", 3)
    assert sinks["big"].partitioner is None
