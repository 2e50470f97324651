"""A participant of the saga: hears of every order, keeps what it knows of each, and says what it has done.

There is no conductor: each participant decides by the events it reads, and the events it writes are what others
decide by. An event that comes twice, by its id, is taken once. Knows nothing of stock, money, parcels or mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from streamapp import AttachedStore, KeyValueRows, Record, Stream, Topic, ValueContext, ValueProcessor, stream
from streamapp import key_value_store as store
from topologies.events import ShopEvent

if TYPE_CHECKING:
    from typing_extensions import TypeForm

S = TypeVar("S")
E = TypeVar("E")

React = Callable[[S | None, ShopEvent], tuple[S | None, Iterable[E]]]
"""From what is known of an order (None: nothing) and an event: what is known then, and what has been done about it."""

REMEMBERED = 100
"""Ids kept for each key; an order has some ten events."""


def any_event(event: ShopEvent) -> ShopEvent:
    """The event itself: streams of several topics are merged as what they have in common."""
    return event


def hearing(first: Topic[str, Any], *others: Topic[str, Any]) -> Stream[str, ShopEvent]:
    """All events of some topics; of events with one time, those of the topic that is named first come first."""
    merged = stream(first).map_values(any_event)
    for topic in others:
        merged = merged.merge(stream(topic).map_values(any_event))
    return merged


class Once:
    """Tells events that have been here before, by their ids (`ce_id`), from new ones."""

    def __init__(self, seen: KeyValueRows[str, tuple[str, ...]]) -> None:
        self._seen = seen

    def is_new(self, key: str, record: Record[Any, Any]) -> bool:
        """Whether an event about `key` comes for the first time; a record without id is always new."""
        given = dict(record.headers).get("ce_id")
        if given is None:
            return True
        event, seen = given.decode(), self._seen.get(key) or ()
        if event in seen:
            return False
        self._seen.put(key, (*seen, event)[-REMEMBERED:])
        return True


class Participant(ValueProcessor[str, ShopEvent, E], Generic[S, E]):
    """Asks `react` about each new event of an order, keeps what it says and forwards what was done."""

    def __init__(self, react: React[S, E], known: AttachedStore[Any], seen: AttachedStore[Any]) -> None:
        self._react, self._known, self._seen = react, known, seen

    def init(self, context: ValueContext[E]) -> None:
        """Finds its stores."""
        self._context = context
        self._orders: KeyValueRows[str, S] = context.store(self._known)
        self._once = Once(context.store(self._seen))

    def process(self, record: Record[str, ShopEvent]) -> None:
        """Takes one event."""
        order = record.value.order_id
        if not self._once.is_new(order, record):
            return
        before = self._orders.get(order)
        after, done = self._react(before, record.value)
        if after != before:
            self._orders.put(order, after)
        for event in done:
            self._context.forward(event)


def taking_part(
    events: Stream[str, ShopEvent], name: str, kept: Any, react: React[S, E], does: TypeForm[E]
) -> Stream[str, E]:
    """The events of type `does` by which a participant answers `events`.

    What it knows of each order, of type `kept`, is the table `name`.
    """
    known = store(name, key=str, value=kept)
    seen = store(f"{name}-seen", key=str, value=tuple[str, ...])
    step = f"{name}-step"
    return events.process_values(lambda: Participant(react, known, seen), step, stores=[known, seen], value=does)
