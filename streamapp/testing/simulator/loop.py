"""An event loop whose time passes only when nothing else is left to do, and whose processes can stand still.

Callbacks run in the order they were made ready, those of a process that stands still when it goes on. Knows nothing
of Kafka.
"""

# ruff: noqa: D102 - the methods of asyncio's own interface

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")

MOST_STEPS = 400_000
"""Callbacks in one run; one that takes more goes round in circles."""


class Owner(Protocol):
    """The process that a callback belongs to."""

    paused: bool
    held: list[Handle]
    """What became ready while it stood still."""
    running: list[asyncio.Task[Any]]
    """Every task it has begun."""

    def count(self) -> None:
        """Called before each of its callbacks."""
        ...


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)
"""Set in the context of a process's tasks; None: the world around them."""


class StuckError(Exception):
    """Nothing is left to happen, though somebody waits."""


class Handle:
    """A callback that is to run."""

    __slots__ = ("args", "callback", "cancelled", "context", "owner")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self.callback, self.args, self.context = callback, args, context
        self.owner = context.get(OWNER)
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualLoop:
    """`run(coroutine)`, then `close`; has what tasks, futures, locks and timeouts of asyncio ask of a loop."""

    def __init__(self) -> None:
        self._now = 0.0
        self._count = 0
        self.steps = 0
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, copy_context() if context is None else context)
        self._count += 1
        heappush(self._timers, (when, self._count, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(Any, self))

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None, **_: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=cast(Any, self), name=name, context=context)
        owner = OWNER.get() if context is None else context.get(OWNER)
        if owner is not None:
            owner.running.append(task)
        return task

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """Runs a function at once, where asyncio would take a thread: a disk that stalls stops nobody else here."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 - it is raised by whoever awaits it
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Passes over what nobody waits for: a process that was killed leaves such errors."""

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def release(self, handles: list[Handle]) -> None:
        """Makes ready what a process has missed."""
        self._ready.extend(handles)
        handles.clear()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs until the coroutine ends; raises `StuckError` when it never will."""
        asyncio._set_running_loop(cast(Any, self))
        try:
            task: asyncio.Task[T] = self.create_task(coroutine)
            while not task.done():
                self._step()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def close(self) -> None:
        """Ends all tasks that are left, which must not do anything to the world any more."""
        asyncio._set_running_loop(cast(Any, self))
        try:
            for _ in range(100):
                left = asyncio.all_tasks(cast(Any, self))
                if not left:
                    break
                for task in left:
                    task.cancel()
                while self._ready:
                    self._run(self._ready.popleft())
        finally:
            asyncio._set_running_loop(None)

    def _step(self) -> None:
        if not self._ready:
            if not self._timers:
                raise StuckError("nothing is left to happen")
            when, _, handle = heappop(self._timers)
            if handle.cancelled:
                return
            self._now = max(self._now, when)
            self._run(handle)
            return
        self._run(self._ready.popleft())

    def _run(self, handle: Handle) -> None:
        if handle.cancelled:
            return
        owner = handle.owner
        if owner is not None:
            if owner.paused:
                owner.held.append(handle)
                return
            owner.count()
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise StuckError(f"more than {MOST_STEPS} steps")
        handle.context.run(handle.callback, *handle.args)
