"""How an author says how state is kept, what is refused, and what the plan and the driver make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamapp import (
    Materialized,
    Record,
    Table,
    Topic,
    Topology,
    TopologyError,
    ValueContext,
    ValueProcessor,
    global_table,
    join_windows,
    key_value_store,
    session,
    stream,
    table,
    tumbling,
    until_window_closes,
)
from streamapp.engine.plan import plan
from streamapp.engine.specs import StoreSpec
from streamapp.formats import codec_for
from streamapp.testing.driver import TopologyDriver

WORDS = Topic("words", key=str, value=str)
OTHERS = Topic("others", key=str, value=str)
OUT = Topic("out", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)
SEEN = key_value_store("seen", key=str, value=int)
IN_MEMORY = Materialized(in_memory=True)


class Counting(ValueProcessor[str, str, int]):
    """Counts with a store of its own."""

    def init(self, context: ValueContext[int]) -> None:
        """Takes the store."""
        self.context, self.seen = context, context.store(SEEN)

    def process(self, record: Record[str, str]) -> None:
        """Counts the key."""
        count = (self.seen.get(record.key) or 0) + 1
        self.seen.put(record.key, count)
        self.context.forward(count)


def counts() -> Table[str, int]:
    """A count."""
    return stream(WORDS).group_by_key().count("counts-of-words")


def first(value: str, other: str | None) -> str:
    """A joiner."""
    return f"{value}{other}"


def stores(topology: Topology) -> dict[str, StoreSpec]:
    """The stores of a topology by name."""
    return {spec.name: spec for spec in plan(topology, codec_for).stores}


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (counts, "counts-of-words", {"counts-of-words"}),
        (
            lambda: stream(WORDS).group_by_key().windowed_by(session(5)).count("per-session"),
            "per-session",
            {"per-session", "per-session-times"},
        ),
        (
            lambda: stream(WORDS).join(stream(OTHERS), first, "pairs", within=join_windows(within=5)).to(OUT),
            "pairs",
            {f"pairs-{side}-join-store{part}" for side in ("this", "other") for part in ("", "-times")},
        ),
        (
            lambda: table(WORDS, "words").join(table(OTHERS, "others"), first, "both", foreign_key=lambda word: word),
            "both",
            {"both-subscription-store", "both"},
        ),
        (
            lambda: (
                stream(WORDS).group_by_key().windowed_by(tumbling(5)).count("w").suppress(until_window_closes(), "last")
            ),
            "last",
            {"last-store", "last-times"},
        ),
        (lambda: stream(WORDS).process_values(Counting, "count", stores=[SEEN]).to(COUNTS), "seen", {"seen"}),
    ],
    ids=["count", "session", "stream-join", "foreign-key", "suppress", "attached"],
)
def test_all_stores_of_a_step_are_kept_so(make: Callable[[], Any], name: str, expected: set[str]) -> None:
    """Its rows, and what it must remember beside them; no other step's."""
    found = stores(Topology("t", make(), stores={name: IN_MEMORY}))
    assert {name for name, spec in found.items() if spec.in_memory} == expected


def test_options_of_the_changelog_reach_the_plan() -> None:
    """As pairs of texts."""
    options = Materialized(topic_config={"min.insync.replicas": "2"})
    (spec,) = stores(Topology("t", counts(), stores={"counts-of-words": options})).values()
    assert (spec.log, spec.topic_config) == ("changelog", (("min.insync.replicas", "2"),))


def test_without_a_changelog() -> None:
    """There is no log, unless a compacted topic serves; one that does not serve gives none either."""
    none = Materialized(changelog=False)
    (counted,) = stores(Topology("t", counts(), stores={"counts-of-words": none})).values()
    joined = stream(WORDS).join(table(OTHERS, "others"), first).to(OUT)
    read = plan(Topology("t", joined, stores={"others": none}), codec_for)
    assert (counted.log, read.stores[0].log, read.with_changelogs({"others"}).stores[0].log) == (
        "none",
        "source",
        "none",
    )


def test_what_a_restart_brings_back() -> None:
    """In memory: what the changelog has. In memory without one: nothing."""
    topology = Topology("t", counts().to_stream().to(COUNTS), stores={"counts-of-words": IN_MEMORY})
    lost = Topology(
        "t",
        counts().to_stream().to(COUNTS),
        stores={"counts-of-words": Materialized(in_memory=True, changelog=False)},
    )
    found = []
    for given, place in ((topology, "rocksdb"), (lost, "rocksdb"), (lost, "memory")):
        with TopologyDriver(given, store=place) as driver:  # type: ignore[arg-type]  # one of the two
            driver.pipe(WORDS, "a", "x", 1)
            driver.restart()
            driver.pipe(WORDS, "a", "x", 2)
            found.append(driver.pairs(COUNTS))
    assert found == [[("a", 1), ("a", 2)], [("a", 1), ("a", 1)], [("a", 1), ("a", 1)]]


def test_without_a_changelog_the_disk_still_has_it() -> None:
    """Only what is lost with the folder is lost."""
    options = {"counts-of-words": Materialized(changelog=False)}
    topology = Topology("t", counts().to_stream().to(COUNTS), stores=options)
    with TopologyDriver(topology, store="rocksdb") as driver:
        driver.pipe(WORDS, "a", "x", 1)
        driver.restart()
        driver.pipe(WORDS, "a", "x", 2)
        assert driver.pairs(COUNTS) == [("a", 1), ("a", 2)]


def test_one_table_does_not_wait() -> None:
    """The others' changes wait for the commit."""
    options = {"counts-of-words": Materialized(cached=False)}
    waiting = table(OTHERS, "others").to_stream().to(OUT)
    topology = Topology("t", counts().to_stream().to(COUNTS), waiting, cache_max_bytes=10_000, stores=options)
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "x", 1)
        driver.pipe(WORDS, "a", "x", 2)
        driver.pipe(OTHERS, "a", "x", 1)
        driver.pipe(OTHERS, "a", "y", 2)
        driver.commit()
        assert driver.pairs(COUNTS) == [("a", 1), ("a", 2)]
        assert driver.pairs(OUT) == [("a", "y")]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Materialized(topic_config={"cleanup.policy": "delete"}), "Materialized at .*: changelogs are compact"),
        (lambda: Materialized(topic_config=3), "topic_config=3"),  # type: ignore[arg-type]  # what is tested
        (lambda: Materialized(changelog=False, topic_config={"segment.bytes": "1"}), "leave one out"),
        (
            lambda: Topology("t", counts(), stores={"count": IN_MEMORY}),
            "'count', which keeps no state: counts-of-words",
        ),
        (lambda: Topology("t", counts(), stores={"counts-of-words": True}), r"give Materialized\("),  # type: ignore[dict-item]  # what is tested
        (
            lambda: Topology(
                "t",
                stream(WORDS).join(global_table(OTHERS, "all"), first, key=lambda word: word).to(OUT),
                stores={"all": IN_MEMORY},
            ),
            "'all', which is a global table",
        ),
        (lambda: table(WORDS, "words", ttl=0), "table 'words' at .*: ttl=0 ms: give 1 or more"),
        (lambda: table(WORDS, "words", ttl=5, history=5), "has a history and a ttl"),
        (lambda: stream(WORDS).group_by_key().count("c", ttl=-1), "count 'c' at .*: ttl=-1 ms"),
        (lambda: stream(WORDS).to_table("c", ttl=-1), "to_table 'c' at .*: ttl=-1 ms"),
        (lambda: stream(WORDS, reset="newest"), "reset='newest': give 'earliest', 'latest' or 'none'"),  # type: ignore[call-overload]  # what is tested
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], problem: str) -> None:
    """When the value is made."""
    with pytest.raises(TopologyError, match=problem):
        make()


def test_a_topology_with_stores_is_a_value() -> None:
    """The mapping cannot be changed, and it can be hashed."""
    options = {"counts-of-words": IN_MEMORY}
    topology = Topology("t", counts(), stores=options)
    options.clear()
    assert dict(topology.stores) == {"counts-of-words": IN_MEMORY}
    assert isinstance(hash(topology), int)
    with pytest.raises(TypeError):
        topology.stores["other"] = IN_MEMORY  # type: ignore[index]  # what is tested


def test_a_source_says_where_it_begins() -> None:
    """The same for all who read the topic; a table begins at the start."""
    (sub,) = plan(Topology("t", stream(WORDS, OTHERS, reset="latest").to(OUT)), codec_for).subtopologies
    assert [(source.topic, source.reset) for source in sub.sources] == [("words", "latest"), ("others", "latest")]
    twice = Topology("t", stream(WORDS, reset="none").to(OUT), stream(WORDS).map_values(str.upper).to(OUT))
    with pytest.raises(TopologyError, match=r"'words' is read with reset='earliest' and reset='none' at "):
        plan(twice, codec_for)


def test_a_table_takes_its_times_from_records() -> None:
    """What has none is dropped; the topic is no log then, as it has other times."""
    by_time = table(WORDS, "words", timestamp=lambda word: int(word) if word else None)
    topology = Topology("t", by_time.to_stream().to(OUT))
    joined = stream(OTHERS).join(by_time, first).to(OUT)
    assert stores(Topology("t", joined))["words"].log == "changelog"
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "70", 1)
        driver.pipe(WORDS, "b", "", 2)
        assert driver.read(OUT) == [Record("a", "70", 70)]
        assert driver.dropped == {"words": 1}
