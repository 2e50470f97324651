"""How a batch of records reaches the Faust agent that holds its sub-topology.

A channel of one slot, independent of Faust's flow control: a stock channel waits for an assignment the shell never
gets, and may drop what is queued. Each batch carries a future, so that nothing is lost between the two sides:
whatever becomes of the agent, the Application learns it. Knows nothing of Kafka or of what is in a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, cast

from faust.channels import Channel
from mode.utils.queues import FlowControlEvent, ThrowableQueue


class BatchDroppedError(Exception):
    """The agent asked for the next batch, or ended, without completing the one it had."""


class Batch:
    """One run of records on its way through an agent; `with batch:` completes it, with the error if there is one.

    An exception raised in the `with` block is handed to the Application and goes no further, so that the agent
    lives on; a cancellation is handed over and continues. `topic` is where the records come from; "" when only
    something is due by the clock.
    """

    def __init__(self, process: Callable[[], Coroutine[Any, Any, None]], topic: str = "") -> None:
        self.topic = topic
        self._process = process
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def process(self) -> None:
        """Runs the records through their task, in slices."""
        await self._process()

    def complete(self, error: BaseException | None = None) -> None:
        """Tells the Application that the agent has finished; the first call counts."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            cause = error if isinstance(error, Exception) else BatchDroppedError(f"the agent ended: {error!r}")
            self.done.set_exception(cause)
            self.done.exception()  # marks it as seen: the Application may have stopped waiting

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.complete(error)
        return isinstance(error, Exception)


class _Slot(ThrowableQueue[Batch]):
    """A queue of one batch that fails a batch whose agent comes back without having completed it."""

    def __init__(self) -> None:
        super().__init__(maxsize=1, flow_control=FlowControlEvent(initially_suspended=False))
        self._out: Batch | None = None

    def drop(self) -> None:
        """Fails the batch that is out, if its agent has not completed it."""
        batch, self._out = self._out, None
        if batch is not None:
            batch.complete(BatchDroppedError("the agent took the next batch before completing this one"))

    async def get(self) -> Batch:
        self.drop()
        batch: Batch = await super().get()
        return batch

    def get_nowait(self) -> Batch:
        self.drop()
        batch: Batch = super().get_nowait()
        return batch

    def _get(self) -> Batch:
        batch: Batch = super()._get()
        self._out = batch
        return batch


class BatchChannel(Channel[Batch]):
    """The channel of one sub-topology: named, so that `faust agents` lists it, and never cloned or declared."""

    def __init__(self, app: Any, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(app, is_iterator=True, **options)

    @property
    def queue(self) -> _Slot:
        """The one slot, made on first use so that no event loop is needed at import."""
        if self._queue is None:
            self._queue = _Slot()
        return cast(_Slot, self._queue)

    def clone(self, **options: Any) -> BatchChannel:
        """The channel itself: its batches are for one agent."""
        return self

    def get_topic_name(self) -> str:
        """What `faust agents` shows."""
        return self.name

    def __str__(self) -> str:
        return self.name

    async def run(self, batch: Batch) -> None:
        """Hands a batch to the agent and waits until it is completed; raises what the agent raised."""
        await self.queue.put(batch)
        await batch.done
