"""What was answered under an `Idempotency-Key`: the same request gets the same answer, another one is refused.

The log is the truth: an event carries the key it was asked for by, and what was asked, so that a service that starts
again knows both. Ids follow from the key; so two services that are asked at once write the same event, which those who
read it take once. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from streamapp import DAY, Place, Publisher, Topic

REMEMBERED = DAY
"""How long a key is known, in ms; after that it is a new one."""

KEY, REQUEST = "idempotency-key", "idempotency-request"
"""Headers of an event."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://streamapp.example/idempotency")

V = TypeVar("V")


class Answer(NamedTuple):
    """What a request was answered with."""

    order_id: str
    correlation_id: str
    place: Place


class OtherRequestError(Exception):
    """The key was used for something else."""


def id_of(key: str | None, what: str) -> str:
    """An id that follows from a key, for instance of the order it has placed; without a key a new one."""
    return str(uuid.uuid4() if key is None else uuid.uuid5(_NAMESPACE, f"{what}\n{key}"))


def request_of(*parts: bytes) -> str:
    """What was asked for, in short: equal when it is the same."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


class Answers:
    """The answers of the last day, by key; one at a time under each."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, asyncio.Future[Answer]]] = {}

    async def recall(self, publisher: Publisher, topic: Topic[str, V]) -> None:
        """Reads from the log what was answered before."""
        async for value, headers, place in publisher.recorded(topic, publisher.now - REMEMBERED):
            if KEY in headers and REQUEST in headers and headers[KEY] not in self._known:
                done = asyncio.get_running_loop().create_future()
                done.set_result(Answer(value.order_id, headers["ce_correlationid"], place))
                self._known[headers[KEY]] = headers[REQUEST], done

    async def once(self, key: str | None, request: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a request: that of the same one before, if there was one, else what `ask` gives.

        What fails is not remembered. Raises `OtherRequestError` when the key was used for another request.
        """
        if key is None:
            return await ask()
        if key in self._known:
            before, answer = self._known[key]
            if before != request:
                raise OtherRequestError(key)
            return await asyncio.shield(answer)
        made = asyncio.ensure_future(ask())
        self._known[key] = request, made
        made.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(made)

    def _forget(self, key: str, done: asyncio.Future[Answer]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._known.pop(key, None)
