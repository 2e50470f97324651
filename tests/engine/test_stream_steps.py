"""Steps of streams without state: flat maps, branches, merges and effects, through the driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import Topic, Topology, stream, table
from streamapp.testing.driver import TopologyDriver

WORDS = Topic("words", key=str, value=str)
MORE = Topic("more", key=str, value=str)
OUT = Topic("out", key=str, value=str)
LENGTHS = Topic("lengths", key=str, value=int)


def letters(value: str) -> Iterator[tuple[str, str]]:
    """Each letter, keyed by itself; nothing of a null value."""
    for letter in value or "":
        yield letter, value


def halves(value: str) -> list[str]:
    """The two halves of a word."""
    return [value[: len(value) // 2], value[len(value) // 2 :]]


def piped(topology: Topology, *records: tuple[str | None, str | None]) -> list[tuple[str, str]]:
    """What comes out for records piped into `words`."""
    with TopologyDriver(topology) as driver:
        for at, (key, value) in enumerate(records):
            driver.pipe(WORDS, key, value, timestamp=at)
        return driver.pairs(OUT)


def test_flat_map_gives_all_pairs_in_order_with_the_records_time() -> None:
    """One record for each pair, none where there are none; all at the input's timestamp."""
    topology = Topology("t", stream(WORDS).flat_map(letters).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "k", "ab", timestamp=7, headers=(("h", b"1"),))
        driver.pipe(WORDS, "k", None, timestamp=8)
        assert driver.read(OUT) == [("a", "ab", 7, (("h", b"1"),)), ("b", "ab", 7, (("h", b"1"),))]


def test_flat_map_may_take_the_key() -> None:
    """A function of two parameters gets key and value."""
    topology = Topology("t", stream(WORDS).flat_map(lambda key, value: [(value, key)], key=str, value=str).to(OUT))
    assert piped(topology, ("k", "v")) == [("v", "k")]


def test_flat_map_values_keeps_the_key() -> None:
    """One record for each value, under the same key."""
    assert piped(Topology("t", stream(WORDS).flat_map_values(halves).to(OUT)), ("k", "abcd")) == [
        ("k", "ab"),
        ("k", "cd"),
    ]


def test_a_record_that_fails_halfway_through_a_generator_leaves_nothing() -> None:
    """What a generator has yielded before it raises is undone, since a record is atomic."""

    def broken(value: str) -> Iterator[str]:
        yield value
        if value == "bad":
            raise ValueError(value)

    topology = Topology("t", stream(WORDS).flat_map_values(broken).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "k", "bad")
        driver.pipe(WORDS, "k", "good")
        assert driver.pairs(OUT) == [("k", "good")]
        assert len(driver.dead_letters) == 1


def test_peek_sees_each_record_before_the_steps_behind() -> None:
    """The action is called, then the record goes on as it is."""
    seen: list[tuple[str, str]] = []
    topology = Topology(
        "t",
        stream(WORDS)
        .peek(lambda key, value: seen.append(("first", value)))
        .peek(lambda value: seen.append(("second", value)))
        .to(OUT),
    )
    assert piped(topology, ("a", "x"), ("b", "y")) == [("a", "x"), ("b", "y")]
    assert seen == [("first", "x"), ("second", "x"), ("first", "y"), ("second", "y")]


def test_for_each_ends_a_stream() -> None:
    """An end that calls the action, with and without the key."""
    seen: list[object] = []
    words = stream(WORDS)
    topology = Topology("t", words.for_each(seen.append), words.for_each(lambda key, value: seen.append(key)))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "k", "v")
    assert seen == ["v", "k"]


def test_print_writes_label_key_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    """As Kafka's Printed.toSysOut, or as the author's function puts it."""
    words = stream(WORDS)
    topology = Topology("t", words.print("words"), words.print("loud", lambda value: value.upper()))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "k", "v")
        driver.pipe(WORDS, None, "w")
    assert capsys.readouterr().out == "[words]: k, v\n[loud]: V\n[words]: None, w\n[loud]: W\n"


def test_merge_passes_on_the_records_of_both_streams() -> None:
    """Each in its order; what is merged twice comes twice."""
    words = stream(WORDS)
    topology = Topology("t", words.merge(stream(MORE)).merge(words).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "1")
        driver.pipe(MORE, "b", "2")
        assert driver.pairs(OUT) == [("a", "1"), ("a", "1"), ("b", "2")]


def test_a_record_goes_to_the_first_branch_that_wants_it() -> None:
    """And to the default branch when none does."""
    small, middling, rest = (
        stream(WORDS).split().branch(lambda value: len(value) < 2).branch(lambda key, value: len(value) < 3).default()
    )
    topology = Topology(
        "t",
        small.map_values(lambda value: f"small {value}", value=str)
        .merge(middling.map_values(lambda value: f"middling {value}", value=str))
        .merge(rest.map_values(lambda value: f"rest {value}", value=str))
        .to(OUT),
    )
    assert piped(topology, ("k", "abc"), ("k", "a"), ("k", "ab")) == [
        ("k", "rest abc"),
        ("k", "small a"),
        ("k", "middling ab"),
    ]


def test_records_of_no_branch_are_dropped_without_a_default() -> None:
    """`no_default` gives the branches alone."""
    (small,) = stream(WORDS).split().branch(lambda value: len(value) < 2).no_default()
    assert piped(Topology("t", small.to(OUT)), ("k", "abc"), ("k", "a")) == [("k", "a")]


def test_a_branch_nobody_uses_takes_its_records_all_the_same() -> None:
    """They do not fall through to the next branch."""
    _, second = stream(WORDS).split().branch(lambda value: value == "x").branch(lambda value: True).no_default()
    assert piped(Topology("t", second.to(OUT)), ("k", "x"), ("k", "y")) == [("k", "y")]


def test_branches_of_a_changed_key_need_a_repartition() -> None:
    """Splitting and merging keep in mind that the key was changed, and counting goes through a topic then."""
    (some,) = stream(WORDS).select_key(lambda value: value, key=str).split().branch(bool).no_default()
    counts = some.merge(stream(MORE)).group_by_key("by-word").count("n")
    topology = Topology("t", counts.to_stream().to(LENGTHS))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "k", "a")
        driver.pipe(MORE, "a", "b")
        assert driver.pairs("by-word-repartition") == [("a", "a"), ("a", "b")]
        assert driver.pairs(LENGTHS) == [("a", 1), ("a", 2)]


def test_a_flat_map_before_a_join_needs_a_repartition() -> None:
    """The joined records are looked up by the new key."""
    rows = table(MORE, "rows")
    joined = stream(WORDS).flat_map(letters).repartition("by-letter").join(rows, lambda value, row: value + row)
    topology = Topology("t", joined.to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(MORE, "b", "!")
        driver.pipe(WORDS, "k", "abc")
        assert driver.pairs(OUT) == [("b", "abc!")]
