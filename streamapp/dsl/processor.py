"""What an author's own processor is, and what it is given: records, forwarding, stores, time.

Knows nothing of how processors run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.table import Table

K = TypeVar("K")
V = TypeVar("V")
K2 = TypeVar("K2")
R = TypeVar("R")
S = TypeVar("S")
R_contra = TypeVar("R_contra", contravariant=True)

Headers = tuple[tuple[str, bytes | None], ...]

TimeKind = Literal["stream_time", "wall_clock"]
"""Which time a punctuation follows: that of the records, or that of the machine."""


class Record(NamedTuple, Generic[K, V]):
    """A record as a processor sees it; `timestamp` in ms. Use `_replace` to change one."""

    key: K
    value: V
    timestamp: int
    headers: Headers = ()


class Cancellable(Protocol):
    """A punctuation that has been scheduled."""

    def cancel(self) -> None:
        """Ends it; it will not be called again."""
        ...


class Metadata(NamedTuple):
    """Where the record in process, or the one that caused it, came from."""

    topic: str
    partition: int
    offset: int


class TaskContext(Protocol):
    """What every processor may ask of its task."""

    @property
    def application(self) -> str:
        """The name of the application."""
        ...

    @property
    def stream_time(self) -> int:
        """The highest timestamp (ms) the task has processed; -1 before the first record."""
        ...

    @property
    def wall_clock(self) -> int:
        """The time of the machine (ms since the epoch) when this work began."""
        ...

    @property
    def metadata(self) -> Metadata | None:
        """Where the record in process came from; None in a punctuation."""
        ...

    def store(self, store: AttachedStore[S]) -> S:
        """A store that was attached with `stores=`; raises `TopologyError` for another."""
        ...

    def row(self, table: Table[K, V] | GlobalTable[K, V], key: K) -> V | None:
        """The value a table that was attached with `stores=` has for a key."""
        ...

    def schedule(
        self, interval: int, kind: TimeKind, call: Callable[[int], object], *, start: int | None = None
    ) -> Cancellable:
        """Has `call` called with the time (ms) whenever `interval` ms of stream time or wall-clock time have passed.

        By stream time it is called at multiples of the interval, the first time with the first record; by the wall
        clock after each interval. After a gap it is called once, not once for each interval that was missed.
        `start` moves the first call to that time. When it is due next is kept over restarts.
        """
        ...


class ProcessorContext(TaskContext, Protocol[K2, R]):
    """What a `Processor` may ask of its task."""

    def forward(self, record: Record[K2, R]) -> None:
        """Hands a record to the steps behind, at once."""
        ...


class ValueContext(TaskContext, Protocol[R_contra]):
    """What a `ValueProcessor` may ask of its task."""

    def forward(self, value: R_contra, *, timestamp: int | None = None, headers: Headers | None = None) -> None:
        """Hands a value to the steps behind, at once, under the key of the record in process.

        Timestamp (ms) and headers are that record's unless given. Raises `RuntimeError` in a punctuation, where
        there is no record.
        """
        ...


class Processor(Generic[K, V, K2, R]):
    """Processes records one at a time; subclass it. There is one instance for each task.

    State that must survive a restart, or a record that fails, belongs in stores: attributes are neither kept nor
    undone.
    """

    def init(self, context: ProcessorContext[K2, R]) -> None:
        """Called once, before the first record, when the stores have been restored."""

    def process(self, record: Record[K, V]) -> None:
        """Called with each record."""
        raise NotImplementedError(f"{type(self).__name__} has no process(record)")

    def close(self) -> None:
        """Called once, when the task is closed."""


class ValueProcessor(Generic[K, V, R]):
    """As `Processor`, but the key stays: so what it forwards needs no repartition."""

    def init(self, context: ValueContext[R]) -> None:
        """Called once, before the first record, when the stores have been restored."""

    def process(self, record: Record[K, V]) -> None:
        """Called with each record."""
        raise NotImplementedError(f"{type(self).__name__} has no process(record)")

    def close(self) -> None:
        """Called once, when the task is closed."""
