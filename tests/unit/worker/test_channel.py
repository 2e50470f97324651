"""A batch is completed, failed or dropped, and the Application always learns which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import faust
import pytest

from streamapp.worker.channel import Batch, BatchChannel, BatchDroppedError

AgentFunction = Callable[[AsyncIterable[Batch]], Awaitable[None]]


async def well_behaved(stream: AsyncIterable[Batch]) -> None:
    """The agent every topology has."""
    async for batch in stream:
        with batch:
            await batch.process()


async def forgetful(stream: AsyncIterable[Batch]) -> None:
    """An agent that takes a batch and does nothing with it."""
    async for _ in stream:
        pass


@asynccontextmanager
async def running(function: AgentFunction) -> AsyncIterator[BatchChannel]:
    """A channel whose agent runs, without Kafka."""
    app = faust.App("channel-test", store="memory://", datadir="/nonexistent")
    channel = BatchChannel(app, "orders-0")
    agent = app.agent(channel, name="orders-0")(function)
    await agent.start()
    try:
        yield channel
    finally:
        await agent.stop()


def batch_of(record: list[int], number: int, error: Exception | None = None) -> Batch:
    """A batch that notes that it was processed, or raises."""

    async def process() -> None:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        record.append(number)

    return Batch(process)


async def test_batches_are_processed_in_order() -> None:
    """`run` returns when the agent has completed the batch."""
    record: list[int] = []
    async with running(well_behaved) as channel:
        for number in range(5):
            await channel.run(batch_of(record, number))
            assert record == list(range(number + 1))


@pytest.mark.parametrize("failing", range(5))
async def test_an_agent_that_raises_at_any_batch_goes_on_with_the_next(failing: int) -> None:
    """The error reaches the Application, the agent lives, and no batch is skipped."""
    record: list[int] = []
    async with running(well_behaved) as channel:
        for number in range(5):
            if number == failing:
                with pytest.raises(ValueError, match="planted"):
                    await channel.run(batch_of(record, number, ValueError("planted")))
            else:
                await channel.run(batch_of(record, number))
    assert record == [number for number in range(5) if number != failing]


async def test_a_batch_that_is_dropped_fails() -> None:
    """An agent that asks for the next batch without completing the last has lost it, and that is an error."""
    async with running(forgetful) as channel:
        with pytest.raises(BatchDroppedError, match="next batch"):
            await asyncio.wait_for(channel.run(batch_of([], 0)), 5)


async def test_a_stopped_agent_fails_its_batch() -> None:
    """Cancellation goes on, but the Application is told first."""
    entered = asyncio.Event()

    async def stuck() -> None:
        entered.set()
        await asyncio.Event().wait()

    async with running(well_behaved) as channel:
        batch = Batch(stuck)
        waiting = asyncio.ensure_future(channel.run(batch))
        await entered.wait()
        for agent in channel.app.agents.values():
            await agent.stop()
        with pytest.raises(BatchDroppedError, match="ended"):
            await asyncio.wait_for(waiting, 5)


async def test_a_channel_is_named_and_never_cloned() -> None:
    """`faust agents` lists named channels only, and a clone would have another slot."""
    async with running(well_behaved) as channel:
        assert channel.get_topic_name() == str(channel) == "orders-0"
        assert channel.clone(is_iterator=True) is channel
