"""Asynchronous functions that are asked for each record: order, bounds, failures, and what is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from streamapp import Retry, Topic, Topology, TopologyError, stream
from streamapp.engine.records import Row
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver
from tests.engine.tasks import Bench, bench, row

WORDS = Topic("words", key=str, value=str)
OUT = Topic("out", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)


class Service:
    """Answers in upper case when it is let; notes who waits, and how many at most did at once."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Event] = {}
        self.asked: list[str] = []
        self.most = 0

    async def ask(self, word: str) -> str:
        """Waits to be let; a word that begins with `bad` fails."""
        self.asked.append(word)
        self.waiting[word] = asyncio.Event()
        self.most = max(self.most, len(self.waiting))
        await self.waiting[word].wait()
        del self.waiting[word]
        if word.startswith("bad"):
            raise ValueError(word)
        return word.upper()

    def let(self, word: str) -> None:
        """Lets one answer."""
        self.waiting[word].set()


def asking(service: Service, concurrency: int = 16, **options: Any) -> Bench:
    """A task that asks a service for each word."""
    words = stream(WORDS).process_async(service.ask, concurrency=concurrency)
    return bench(Topology("asking", words.to(OUT), **options))


async def settled() -> None:
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def played(task: Bench, rows: list[Row], play: Callable[[asyncio.Task[None]], Awaitable[None]]) -> None:
    """Asks for records while `play` lets the service answer."""

    async def both() -> None:
        asked = asyncio.create_task(task.task.ask("words", rows))
        await settled()
        await play(asked)
        await asked

    asyncio.run(both())


def test_records_go_on_in_their_order_whatever_answers_first() -> None:
    """All are asked for at once; nothing goes on before the last has been answered."""
    service = Service()
    task = asking(service)
    given = [row(0, "a", "one"), row(1, "b", "two"), row(2, "c", "three")]

    async def play(asked: asyncio.Task[None]) -> None:
        assert set(service.waiting) == {"one", "two", "three"}
        for word in ("three", "two"):
            service.let(word)
            await settled()
        assert not asked.done()
        service.let("one")

    played(task, given, play)
    assert task.process("words", *given) == [("out", "a", "ONE", 0), ("out", "b", "TWO", 1), ("out", "c", "THREE", 2)]


def test_calls_of_one_key_are_made_one_after_the_other() -> None:
    """The second is not made before the first has been answered; null keys have no order."""
    service = Service()
    given = [row(0, "a", "one"), row(1, "a", "two"), row(2, None, "three"), row(3, None, "four")]

    async def play(asked: asyncio.Task[None]) -> None:
        assert set(service.waiting) == {"one", "three", "four"}
        service.let("one")
        await settled()
        assert set(service.waiting) == {"two", "three", "four"}
        for word in list(service.waiting):
            service.let(word)

    played(asking(service), given, play)


def test_no_more_calls_are_under_way_than_may_be() -> None:
    """The others wait for their turn."""
    service = Service()
    given = [row(at, f"key-{at}", f"word-{at}") for at in range(10)]

    async def play(asked: asyncio.Task[None]) -> None:
        while not asked.done():
            for word in list(service.waiting):
                service.let(word)
            await settled()

    played(asking(service, concurrency=3), given, play)
    assert (service.most, len(service.asked)) == (3, 10)


async def shout(word: str) -> str:
    """Answers at once; a word that begins with `bad` fails."""
    await asyncio.sleep(0)
    if word.startswith("bad"):
        raise ValueError(word)
    return word.upper()


def test_a_call_that_fails_fails_its_record_alone() -> None:
    """It is a dead letter that names the function; the others go on."""
    topology = Topology("asking", stream(WORDS).process_async(shout).to(OUT))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "bad")
        driver.pipe(WORDS, "a", "good")
        assert driver.pairs(OUT) == [("a", "GOOD")]
        (letter,) = driver.dead_letters
        assert (letter.row[0], letter.stage, type(letter.exception)) == (0, "process", ValueError)
        assert letter.function is not None
        assert letter.function.startswith("shout (")


def test_a_call_that_takes_too_long_fails() -> None:
    """And says how long it had."""

    async def never(word: str) -> str:
        await asyncio.Event().wait()
        return word

    topology = Topology("asking", stream(WORDS).process_async(never, timeout_ms=1).to(OUT), on_error="fail")
    with TopologyDriver(topology) as driver, pytest.raises(ProcessingError, match=r"never \(.*within 1 ms"):
        driver.pipe(WORDS, "a", "x")


def test_a_record_that_is_tried_again_is_asked_for_again() -> None:
    """Until it is answered; those behind it wait, and are asked for once."""
    asked: list[str] = []

    async def second_time(word: str) -> str:
        asked.append(word)
        if word == "bad" and asked.count("bad") < 3:
            raise ValueError(word)
        return word

    topology = Topology("asking", stream(WORDS).process_async(second_time).to(OUT), on_error=lambda failure: Retry(1))
    with TopologyDriver(topology) as driver:
        driver.pipe(WORDS, "a", "bad")
        driver.pipe(WORDS, "b", "good")
        assert driver.pairs(OUT) == [("a", "bad"), ("b", "good")]
    assert asked == ["bad", "bad", "bad", "good"]


def test_answers_that_are_there_are_not_asked_for_again() -> None:
    """After a retry of the record before them; a rollback forgets them."""
    service = Service()
    task = asking(service)
    given = [row(0, "a", "one"), row(1, "b", "two")]

    async def play(asked: asyncio.Task[None]) -> None:
        for word in list(service.waiting):
            service.let(word)

    played(task, given, play)
    task.process("words", given[0])
    played(task, given, play)
    assert service.asked == ["one", "two", "one"]
    task.task.rollback({})
    played(task, given[1:], play)
    assert service.asked == ["one", "two", "one", "two"]


def test_what_cannot_be_decoded_is_not_asked_for() -> None:
    """It goes to the dead letters as ever."""
    numbers = Topic("numbers", key=str, value=int)

    async def half(number: int) -> int:
        return number // 2

    topology = Topology("asking", stream(numbers).process_async(half).to(COUNTS))
    with TopologyDriver(topology) as driver:
        driver.pipe_bytes(numbers, b"a", b"four")
        driver.pipe(numbers, "a", 4)
        assert driver.pairs(COUNTS) == [("a", 2)]
        assert [letter.stage for letter in driver.dead_letters] == ["decode"]


def test_behind_a_repartition_and_with_the_key() -> None:
    """Where a step has changed the key, or only some records are to be asked for; state behind is as ever."""

    async def with_key(key: str, word: str) -> str:
        return f"{key} {word}"

    some = stream(WORDS).filter(lambda word: word != "no").repartition("some").process_async(with_key, concurrency=2)
    topology = Topology("asking", some.to(OUT), some.group_by_key().count("counts").to_stream().to(COUNTS))
    with TopologyDriver(topology) as driver:
        for word in ("x", "no", "y"):
            driver.pipe(WORDS, "a", word)
            driver.restart()
        assert driver.pairs(OUT) == [("a", "a x"), ("a", "a y")]
        assert driver.pairs(COUNTS) == [("a", 1), ("a", 2)]


async def test_a_driver_works_inside_of_a_loop() -> None:
    """As a test of an author's may be asynchronous itself."""
    with TopologyDriver(Topology("asking", stream(WORDS).process_async(shout).to(OUT))) as driver:
        driver.pipe(WORDS, "a", "x")
        assert driver.pairs(OUT) == [("a", "X")]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: stream(WORDS).map_values(str.upper).process_async(shout), r"add \.repartition\(name\) before it"),
        (lambda: stream(WORDS).process_async(str.upper), "is not asynchronous: give an 'async def'"),  # type: ignore[arg-type]  # what is tested
        (lambda: stream(WORDS).process_async(shout, concurrency=0), "concurrency=0: give 1 or more"),
        (lambda: stream(WORDS).process_async(shout, timeout_ms=0), "timeout_ms=0: give 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], problem: str) -> None:
    """When the step is made."""
    with pytest.raises(TopologyError, match=problem):
        make()
