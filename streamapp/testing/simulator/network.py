"""Requests between processes and the cluster: they take time, get lost, are answered twice, late or not at all.

Knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, Protocol

from streamapp.testing.simulator.loop import VirtualLoop
from streamapp.testing.simulator.trace import Trace

REQUEST = 0.8
"""Seconds until a client takes a request for lost."""

Care = Literal["plain", "repeatable"]
"""`repeatable`: the request may arrive twice, or long after its sender has given it up."""


class NoAnswerError(Exception):
    """Nobody knows whether the request arrived."""


class RefusedError(Exception):
    """A broker cannot do it now: NOT_ENOUGH_REPLICAS."""


class KilledError(BaseException):
    """The process that runs this does not exist any more."""


class Caller(Protocol):
    """A process that asks."""

    name: str
    dead: bool
    connected: bool


@dataclass
class Weather:
    """How likely each trouble is, for each request."""

    lost: float = 0.0
    unanswered: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    slow: float = 0.0
    refused: float = 0.0
    """Of records that are written: a broker that has too few replicas says no."""


class Network:
    """Carries requests; `weather` and `away` are changed by whoever makes trouble."""

    def __init__(self, loop: VirtualLoop, random: Random, trace: Trace) -> None:
        self.weather = Weather()
        self.away = False
        """Nobody in the cluster answers."""
        self.unanswered_next: set[str] = set()
        """Kinds of request of which the next is carried out, and not answered."""
        self._loop = loop
        self._random = random
        self._trace = trace
        self._outside = Context()

    async def ask(self, caller: Caller, kind: str, serve: Callable[[], Any], care: Care = "plain") -> Any:
        """What `serve` gives, called where the cluster is; raises what it raises, or `NoAnswerError`."""
        if caller.dead:
            raise KilledError
        answer = self._loop.create_future()
        fate = self._fate(caller, kind, care)
        if kind == "produce" and self._random.random() < self.weather.refused:
            self._trace.note(caller.name, "produce: refused")
            raise RefusedError(kind)
        if fate in {"lost", "unanswered", "late"}:
            self._trace.note(caller.name, f"{kind}: {fate}")
            self.later(REQUEST, self._deliver, answer, NoAnswerError(kind))
        if fate != "lost":
            delay = self._random.uniform(1.0, 5.0) if fate == "late" else self.delay()
            self.later(delay, self._arrive, serve, answer, fate)
        result = await answer
        if caller.dead:
            raise KilledError
        return result

    def come_back(self) -> None:
        """The cluster answers again."""
        self.away = False

    def delay(self) -> float:
        """Seconds that a message, or anything else in the cluster, takes."""
        random = self._random
        return random.uniform(0.1, 0.5) if random.random() < self.weather.slow else random.uniform(0.0005, 0.01)

    def marker_delay(self) -> float:
        """Seconds until the marker of a decided transaction is written: its partition's leader may be busy."""
        return self._random.uniform(0.1, 1.5) if self._random.random() < 0.08 else self.delay()

    def later(self, seconds: float, call: Callable[..., object], *args: Any) -> None:
        """Does something in the cluster, whatever becomes of the process that caused it."""
        self._loop.call_later(seconds, call, *args, context=self._outside)

    def _fate(self, caller: Caller, kind: str, care: Care) -> str:
        weather = self.weather
        if self.away or not caller.connected:
            return "lost"
        if kind in self.unanswered_next:
            self.unanswered_next.discard(kind)
            return "unanswered"
        luck = self._random.random()
        fates = {"lost": weather.lost, "unanswered": weather.unanswered}
        if care == "repeatable":
            fates |= {"twice": weather.twice, "late": weather.late}
        for fate, chance in fates.items():
            if luck < chance:
                return fate
            luck -= chance
        return "fine"

    def _arrive(self, serve: Callable[[], Any], answer: asyncio.Future[Any], fate: str) -> None:
        try:
            result = serve()
            if fate == "twice":
                result = serve()
        except Exception as error:  # noqa: BLE001 - it is the answer
            result = error
        if fate in {"unanswered", "late"}:
            return
        if isinstance(result, asyncio.Future):
            result.add_done_callback(lambda parked: self._answer(answer, parked), context=self._outside)
        else:
            self.later(self.delay(), self._deliver, answer, result)

    def _answer(self, answer: asyncio.Future[Any], parked: asyncio.Future[Any]) -> None:
        result = parked.exception() or parked.result()
        self.later(self.delay(), self._deliver, answer, result)

    @staticmethod
    def _deliver(answer: asyncio.Future[Any], result: Any) -> None:
        if answer.done():
            return
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)
