"""Processors of the author's: records, headers, stores, tables, forwarding, and what they do not survive."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import (
    Processor,
    ProcessorContext,
    Record,
    Stream,
    Topic,
    Topology,
    TopologyError,
    ValueContext,
    ValueProcessor,
    key_value_store,
    stream,
    table,
    window_store,
)
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OTHER = Topic("other", key=str, value=int)
OUT = Topic("out", key=str, value=int)
ROWS = Topic("rows", key=str, value=int)
SUMS = key_value_store("sums", key=str, value=int)
SEEN = window_store("seen", key=str, value=int, size=10, retention=20)


class Summing(Processor[str, int, str, int]):
    """Adds up the values of each key, and forwards each sum."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Keeps the context and opens the store."""
        self.context = context
        self.sums = context.store(SUMS)

    def process(self, record: Record[str, int]) -> None:
        """Adds a value."""
        total = (self.sums.get(record.key) or 0) + record.value
        self.sums.put(record.key, total)
        if record.value == 13:
            raise ValueError("unlucky")
        self.context.forward(record._replace(value=total))


class Tripling(ValueProcessor[str, int, int]):
    """Forwards each value three times over."""

    def init(self, context: ValueContext[int]) -> None:
        """Keeps the context."""
        self.context = context

    def process(self, record: Record[str, int]) -> None:
        """Once as it is, once with another time, once with other headers."""
        self.context.forward(record.value)
        self.context.forward(record.value, timestamp=record.timestamp + 1)
        self.context.forward(record.value, headers=(("times", b"3"),))


def summing() -> Topology:
    """A topology of one processor with a store."""
    return Topology("t", stream(IN).process(Summing, "summing", stores=[SUMS]).to(OUT))


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_a_processor_keeps_state_in_its_store_over_restarts(store: Any) -> None:
    """The store is restored before the new processor is initialised."""
    with TopologyDriver(summing(), store=store) as driver:
        driver.pipe(IN, "a", 1)
        driver.restart()
        driver.pipe(IN, "a", 2)
        assert driver.pairs(OUT) == [("a", 1), ("a", 3)]
        assert driver.table("sums") == {"a": 3}


def test_a_record_that_fails_in_a_processor_leaves_no_trace() -> None:
    """What it had put is undone; the dead letter names the method with its file and line."""
    with TopologyDriver(summing()) as driver:
        driver.pipe(IN, "a", 13)
        driver.pipe(IN, "a", 2)
        assert driver.pairs(OUT) == [("a", 2)]
        (letter,) = driver.dead_letters
        assert str(letter.function).startswith("Summing.process (")


def test_headers_and_time_are_kept_unless_changed() -> None:
    """A value processor keeps the key, and what else it is not told."""
    topology = Topology("t", stream(IN).process_values(Tripling, "tripling").to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(IN, "a", 1, timestamp=5, headers=(("h", b"x"),))
        assert driver.read(OUT) == [
            ("a", 1, 5, (("h", b"x"),)),
            ("a", 1, 6, (("h", b"x"),)),
            ("a", 1, 5, (("times", b"3"),)),
        ]


def test_a_processor_sees_and_sets_headers() -> None:
    """They are part of the record."""

    class Marking(Processor[str, int, str, int]):
        def init(self, context: ProcessorContext[str, int]) -> None:
            self.context = context

        def process(self, record: Record[str, int]) -> None:
            assert self.context.metadata is not None
            origin = f"{self.context.metadata.topic}@{self.context.metadata.offset}".encode()
            self.context.forward(record._replace(headers=(*record.headers, ("origin", origin))))

    with TopologyDriver(Topology("t", stream(IN).process(Marking, "marking").to(OUT))) as driver:
        driver.pipe(IN, "a", 1)
        driver.pipe(IN, "a", 2, headers=(("h", None),))
        assert [record.headers for record in driver.read(OUT)] == [
            (("origin", b"in@0"),),
            (("h", None), ("origin", b"in@1")),
        ]


def test_processors_that_share_a_store_share_a_task() -> None:
    """What one writes the other reads, whatever topic their records come from."""
    first = stream(IN).process(Summing, "first", stores=[SUMS])
    second = stream(OTHER).process(Summing, "second", stores=[SUMS])
    topology = Topology("t", first.merge(second).to(OUT))
    with TopologyDriver(topology) as driver:
        assert len(driver.plan.subtopologies) == 1
        driver.pipe(IN, "a", 1)
        driver.pipe(OTHER, "a", 10)
        assert driver.pairs(OUT) == [("a", 1), ("a", 11)]


def test_each_task_has_a_processor_of_its_own() -> None:
    """The class, or a function that makes one, is called once for each."""
    made: list[Summing] = []

    def make() -> Summing:
        made.append(Summing())
        return made[-1]

    topology = Topology("t", stream(IN).process(make, "summing", stores=[SUMS]).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(IN, "a", 1)
        driver.restart()
        driver.pipe(IN, "a", 1)
    assert len(made) == 2


def test_an_attached_table_is_kept_and_looked_up() -> None:
    """Also where no other step needs its rows."""
    rows = table(ROWS, "rows")

    class Adding(ValueProcessor[str, int, int]):
        def init(self, context: ValueContext[int]) -> None:
            self.context = context

        def process(self, record: Record[str, int]) -> None:
            self.context.forward(record.value + (self.context.row(rows, record.key) or 0))

    with TopologyDriver(Topology("t", stream(IN).process_values(Adding, "adding", stores=[rows]).to(OUT))) as driver:
        driver.pipe(ROWS, "a", 100)
        driver.pipe(IN, "a", 1)
        driver.pipe(IN, "b", 2)
        assert driver.pairs(OUT) == [("a", 101), ("b", 2)]


class Rows(Processor[str, int, str, int]):
    """Tries all that a key-value store can do."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Opens the store."""
        self.context = context
        self.sums = context.store(SUMS)

    def process(self, record: Record[str, int]) -> None:
        """Forwards what each call gives, as the value of its name."""
        sums = self.sums
        results: dict[str, int | None] = {
            "absent": sums.put_if_absent("k", 1),
            "present": sums.put_if_absent("k", 2),
            "get": sums.get("k"),
            "stamp": sums.timestamp("k"),
            "deleted": sums.delete("k"),
            "gone": sums.get("k"),
            "nothing": sums.timestamp("k"),
        }
        for name in ("b", "a", "c"):
            sums.put(name, ord(name), timestamp=9)
        results |= {f"row {key}": value for key, value in sums.range("a", "b")}
        for name, value in results.items():
            self.context.forward(Record(name, -1 if value is None else value, record.timestamp))


def test_what_a_key_value_store_can_do() -> None:
    """Get, put, delete and range, stamped with the record's time unless told otherwise."""
    with TopologyDriver(Topology("t", stream(IN).process(Rows, "rows", stores=[SUMS]).to(OUT))) as driver:
        driver.pipe(IN, "x", 0, timestamp=4)
        assert driver.pairs(OUT) == [
            ("absent", -1),
            ("present", 1),
            ("get", 1),
            ("stamp", 4),
            ("deleted", 1),
            ("gone", -1),
            ("nothing", -1),
            ("row a", 97),
            ("row b", 98),
        ]


class Windows(Processor[str, int, str, int]):
    """Keeps each value in the window of its time, and forwards what the key has in all windows."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Opens the store."""
        self.context = context
        self.seen = context.store(SEEN)

    def process(self, record: Record[str, int]) -> None:
        """Adds a value to its window."""
        start = record.timestamp // 10 * 10
        self.seen.put(record.key, start, (self.seen.get(record.key, start) or 0) + record.value)
        for at, value in self.seen.fetch(record.key, 0, 1_000):
            self.context.forward(Record(str(at), value, record.timestamp))


@pytest.mark.parametrize("restarts", [False, True])
def test_windows_of_a_window_store_go_with_the_retention(*, restarts: bool) -> None:
    """A window is gone as soon as one starts a whole retention later; putting it again does nothing."""
    with TopologyDriver(Topology("t", stream(IN).process(Windows, "windows", stores=[SEEN]).to(OUT))) as driver:
        given = [(1, 1), (12, 2), (5, 4), (29, 8), (3, 16)]
        found = []
        for timestamp, value in given:
            driver.pipe(IN, "a", value, timestamp=timestamp)
            found.append(driver.pairs(OUT))
            if restarts:
                driver.restart()
    assert found == [
        [("0", 1)],
        [("0", 1), ("10", 2)],
        [("0", 5), ("10", 2)],
        [("10", 2), ("20", 8)],
        [("10", 2), ("20", 8)],
    ]


def test_a_store_that_is_not_attached_cannot_be_opened() -> None:
    """The error names processor, store and remedy."""
    with pytest.raises(ProcessingError, match="'summing' asks for store 'sums', which is not attached"):
        TopologyDriver(Topology("t", stream(IN).process(Summing, "summing").to(OUT)))


def test_two_stores_cannot_have_one_name() -> None:
    """Nor a store that of a step."""
    other = key_value_store("sums", key=str, value=str)
    first = stream(IN).process(Summing, "first", stores=[SUMS])
    with pytest.raises(TopologyError, match="two steps are called 'sums'"):
        Topology("t", first.to(OUT), stream(OTHER).process(Summing, "second", stores=[other]).to(OUT))
    with pytest.raises(TopologyError, match="two steps are called 'sums'"):
        Topology("t", first.to(OUT), stream(OTHER).group_by_key().count("sums"))


def test_a_changed_key_is_refused_behind_a_processor_but_not_behind_one_of_values() -> None:
    """The error names the processor."""
    rows = table(ROWS, "rows")

    def join(given: Stream[str, int]) -> Stream[str, int]:
        return given.join(rows, lambda value, row: value + row, value=int)

    join(stream(IN).process_values(Tripling, "tripling"))
    with pytest.raises(TopologyError, match=r"Summing .* may have changed the key"):
        join(stream(IN).process(Summing, "summing", stores=[SUMS]))


def test_closing_a_task_closes_its_processors() -> None:
    """So that they can let go of what they hold."""
    closed: list[str] = []

    class Closing(Summing):
        def close(self) -> None:
            closed.append("closed")

    with TopologyDriver(Topology("t", stream(IN).process(Closing, "summing", stores=[SUMS]).to(OUT))):
        assert closed == []
    assert closed == ["closed"]


def test_what_does_not_make_a_processor_is_refused() -> None:
    """As far as annotations tell."""

    def make() -> int:
        return 1

    with pytest.raises(TopologyError, match=r"makes int: give a subclass of Processor"):
        stream(IN).process(make, "p")  # type: ignore[arg-type]
    with pytest.raises(TopologyError, match=r"makes Tripling: give a subclass of Processor"):
        stream(IN).process(Tripling, "p")  # type: ignore[arg-type]
    with pytest.raises(TopologyError, match=r"takes values of int, but here they are str"):
        stream(Topic("words", key=str, value=str)).process(Summing, "p")  # type: ignore[arg-type]
    with pytest.raises(TopologyError, match=r"'sums' is not a store"):
        stream(IN).process(Summing, "p", stores=["sums"])  # type: ignore[list-item]


def test_the_types_behind_a_processor_are_those_of_its_class() -> None:
    """So that a sink of another type is refused."""
    assert stream(IN).process(Summing, "p").node.value is int
    with pytest.raises(TopologyError, match="the stream's values are int, the topic's are str"):
        stream(IN).process(Summing, "p").to(Topic("o", key=str, value=str))  # type: ignore[arg-type]
