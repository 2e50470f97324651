"""What is asked again, and what is an error at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import errors as kafka

from streamapp.errors import ConfigurationError, FencedError
from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.errors import KafkaError
from streamapp.kafka.offsets import UnstableOffsetError
from streamapp.kafka.retry import persistently


def answering(*answers: Exception | int) -> Callable[[], Awaitable[int]]:
    """Raises or returns one answer after the other."""
    left = iter(answers)

    async def attempt() -> int:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return attempt


async def test_what_passes_is_asked_again() -> None:
    """Elections, coordinators that load, lost connections, offsets that are not final."""
    passing = [kafka.LeaderNotAvailableError(), kafka.GroupLoadInProgressError(), OSError(), UnstableOffsetError()]
    assert await persistently(answering(*passing, 7), "asking") == 7


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (kafka.TopicAuthorizationFailedError("t"), ConfigurationError),
        (kafka.OffsetMetadataTooLargeError(), KafkaError),
        (FencedError("gone"), FencedError),
    ],
)
async def test_what_does_not_pass_is_raised_at_once(error: Exception, kind: type[Exception]) -> None:
    """As one of our errors, naming what was tried."""
    with pytest.raises(kind) as raised:
        await persistently(answering(error, 7), "asking for offsets")
    assert raised.value is error or "asking for offsets" in str(raised.value)


async def test_patience_ends() -> None:
    """With the last reason, and as something the caller may try again later; an answer that never comes, too."""
    with pytest.raises(RetriableKafkaError, match=r"looking: no success within 0 s, at last .*LeaderNotAvailable"):
        await persistently(answering(*[kafka.LeaderNotAvailableError()] * 100), "looking", patience=0.05)
    with pytest.raises(RetriableKafkaError, match="waiting: no success"):
        await persistently(asyncio.Event().wait, "waiting", patience=0.05)
