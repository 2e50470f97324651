"""Two tables joined by a key that stands in the left one's rows: inner, left and outer.

A left row's key goes to the partition of the right row it wants, is kept there as a subscription, and is answered
with the right row, now and at each of its changes. An answer carries a digest of the left value that asked; it is
dropped when the left row has changed meanwhile, because another answer is under way (KIP-213). So that this is true,
an inner join also answers where Kafka Streams does not, in a way that only takes an old result back. In an outer join,
which Kafka Streams lacks, a right row without subscriptions is an answer too, to nobody. Knows nothing of topics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from streamapp.dsl.format import Format
from streamapp.dsl.node import Function
from streamapp.dsl.nodes_table import ForeignKeyJoin, Kind, Subscribe, Subscriptions
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.ordered import key_part, last_key_part, ordered
from streamapp.engine.packed import INTEGER, NOTHING, packed
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.store import KeyValueStore
from streamapp.engine.stream_table_join import table_changed
from streamapp.engine.table_join import joining

CANCEL, CANCEL_AND_ANSWER, ANSWER, ANSWER_IF_FOUND = range(4)
"""What a subscription asks for: to end, to end and be told so, an answer, or one that is silent without a right row."""

_DIGEST = 16
"""Bytes; as many as Kafka Streams takes of Murmur3, so that two values with one digest are out of the question."""

SILENT = b"!"
"""Behind a digest: the answer, that there is no right row, gives no result where there was none to take back.

Kafka Streams sends no answer then. If the one before it came too late for the left row it was for, an old result stays.
"""

ALONE = b"alone"
"""In place of a digest: the answer is to nobody."""

Digest: TypeAlias = Callable[[Any], bytes | None]


def _digesting(context: Context, type_: Any, format_: Format | None) -> Digest:
    """A function that gives a digest of a left value; None for no value."""
    encode = context.codec_for(type_, format_).encode

    def digest(value: Any) -> bytes | None:
        return None if value is None else hashlib.blake2b(encode(value), digest_size=_DIGEST).digest()

    return digest


def build_subscribe(node: Subscribe, context: Context, forward: Forward) -> tuple[Forward]:
    """Turns each change of the left table into subscriptions, keyed by foreign key; null for one without a row."""
    left = node.parents[0]
    digest = _digesting(context, left.value, node.value_format)
    outdated, partition = context.outdating(left), context.here.partition
    foreign_key, asks = _foreign_key(node.foreign_key), _ASKS[node.how]
    encode = context.codec_for(node.key, node.key_format).encode
    drop = context.counting(context.dropped, node.registration)

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        if outdated():
            drop()
            return
        if new is None and old is None:
            return
        wanted, before = foreign_key(key, new), foreign_key(key, old)
        if wanted is None and new is not None and node.how == "inner":
            drop()
        same = wanted is not None and before is not None and encode(wanted) == encode(before)
        seal = digest(new)
        for target, instruction in asks(wanted, before, same):
            forward(target, (key, seal, instruction, partition), timestamp, headers)

    return (process,)


def _foreign_key(function: Function) -> Callable[[Any, Any], Any]:
    """The author's foreign key of a row; None for no row."""
    call, with_key = function.call, function.with_key

    def foreign_key(key: Any, value: Any) -> Any:
        if value is None:
            return None
        return call(key, value) if with_key else call(value)

    return foreign_key


Asked: TypeAlias = tuple[tuple[Any, int], ...]
"""Foreign keys and what is asked of each, in order."""


def _inner(wanted: Any, before: Any, same: bool) -> Asked:
    """Asks only for what can change the result: a row that never joined needs no answer."""
    if wanted is None:
        return () if before is None else ((before, CANCEL_AND_ANSWER),)
    if before is None or same:
        return ((wanted, ANSWER_IF_FOUND),)
    return (before, CANCEL), (wanted, ANSWER)


def _left(wanted: Any, before: Any, same: bool) -> Asked:
    """Asks for an answer to every change, since each gives a result; to a deletion too, under a null foreign key."""
    if before is None or same:
        return ((wanted, ANSWER),)
    return (before, CANCEL), (wanted, ANSWER)


_ASKS: Mapping[Kind, Callable[[Any, Any, bool], Asked]] = {"inner": _inner, "left": _left, "outer": _left}


def subscription_stores(node: Subscriptions, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per foreign key and left key: the digest of the left value, and the left row's partition."""
    asked: Any = node.parents[0]
    topic = asked.topic
    key = ordered(key_part(codec_for(topic.key, topic.key_format)), last_key_part(codec_for(topic.value, topic.format)))
    return (StoreSpec(node.store.name, "key-value", key, packed(NOTHING, INTEGER)),)


def build_subscriptions(node: Subscriptions, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Keeps subscriptions and passes on their answers, keyed by left key: (right value, digest, partition)."""
    right = node.parents[1]
    store, look_up, outdated = context.key_value_store(node.store.name), context.view(right), context.outdating(right)
    put, subscribers = store.put, _finding(store)
    drop = context.counting(context.dropped, node.store.name)
    lone = _NoneAlone() if node.alone is None else _Alone(node.alone, subscribers, forward)

    def subscribed(foreign_key: Any, value: tuple[Any, ...], timestamp: int, headers: Headers) -> None:
        key, digest, instruction, partition = value
        if foreign_key is None:
            if instruction == ANSWER:
                forward(key, (None, digest, partition), timestamp, headers)
            else:
                drop()
            return
        row = look_up(foreign_key)
        if row is not None and row[1] > timestamp:
            timestamp = row[1]
        was_alone = lone.stands(foreign_key)
        ends = instruction in (CANCEL, CANCEL_AND_ANSWER)
        put((foreign_key, key), None if ends else (digest, partition), timestamp)
        lone.changed(foreign_key, row, was_alone, timestamp, headers)
        if instruction != CANCEL:
            forward(key, (*_answer(instruction, row, digest), partition), timestamp, headers)

    def right_changed(foreign_key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        if outdated():
            drop()
            return
        if (new is not None or old is not None) and lone.stands(foreign_key):
            lone.give(foreign_key, new, timestamp, headers)
        for key, (digest, partition) in subscribers(foreign_key):
            forward(key, (new, digest, partition), timestamp, headers)

    return subscribed, right_changed


def _answer(instruction: int, row: Any, digest: bytes) -> tuple[Any, bytes]:
    """The right value, if any is to be told, and the digest of the left value that asked."""
    if row is None:
        return None, digest + SILENT if instruction == ANSWER_IF_FOUND else digest
    return (None if instruction == CANCEL_AND_ANSWER else row[0]), digest


Subscribers: TypeAlias = Callable[[Any], Iterator[tuple[Any, tuple[Any, ...]]]]
"""The left keys that want a right row, in the order of their bytes, each with its digest and partition."""


def _finding(store: KeyValueStore) -> Subscribers:
    def subscribers(foreign_key: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
        for (wanted, key), value, _ in store.range((foreign_key,)):
            if wanted != foreign_key:
                return
            yield key, value

    return subscribers


class _NoneAlone:
    """The right rows of a join in which they give no results of their own."""

    def stands(self, foreign_key: Any) -> bool:
        """Never."""
        return False

    def give(self, foreign_key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        """Nothing."""

    def changed(self, foreign_key: Any, row: Any, was_alone: bool, timestamp: int, headers: Headers) -> None:
        """Nothing."""


class _Alone(_NoneAlone):
    """The right rows of an outer join that no left row wants: they give results under keys of their own."""

    def __init__(self, alone: Function, subscribers: Subscribers, forward: Forward) -> None:
        self._key, self._subscribers, self._forward = alone.call, subscribers, forward

    def stands(self, foreign_key: Any) -> bool:
        """Whether no left row wants the right row, if there is one."""
        return next(self._subscribers(foreign_key), None) is None

    def give(self, foreign_key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        """Passes on the right row as a result; None takes it back."""
        self._forward(self._key(foreign_key), (value, ALONE, None), timestamp, headers)

    def changed(self, foreign_key: Any, row: Any, was_alone: bool, timestamp: int, headers: Headers) -> None:
        """A subscription came or went: the row may have got its first or lost its last."""
        if row is not None and self.stands(foreign_key) is not was_alone:
            self.give(foreign_key, None if was_alone else row[0], timestamp, headers)


def result_stores(node: ForeignKeyJoin, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The result's row of each left key."""
    options = node.store
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_foreign_key_join(node: ForeignKeyJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each answer and the left row it is for, if that is the row that asked."""
    left = node.parents[1]
    look_up, join = context.view(left), joining(node.joiner)
    digest = _digesting(context, left.value, node.value_format)
    keep, has_result = _keeping(node, context, forward), _having(node, context)
    stands_alone = node.how != "inner"
    drop = context.counting(context.dropped, node.store.name)

    def answered(key: Any, value: tuple[Any, ...], timestamp: int, headers: Headers) -> None:
        found, asked, _ = value
        if asked == ALONE:
            keep(key, None if found is None else join(key, None, found), timestamp, headers)
            return
        row = look_up(key)
        current = None if row is None else row[0]
        silent = asked is not None and len(asked) > _DIGEST
        if digest(current) != (asked[:_DIGEST] if silent else asked):
            drop()
            return
        if silent and not has_result(key):
            return
        joined = None
        if current is not None and (found is not None or stands_alone):
            joined = join(key, current, found)
        keep(key, joined, timestamp, headers)

    return answered, table_changed


def _keeping(node: ForeignKeyJoin, context: Context, forward: Forward) -> Forward:
    """Keeps a result as its key's row, when rows are asked for, and passes on the change."""
    if not context.changes.keeps(node):
        return lambda key, value, timestamp, headers: forward(key, value, None, timestamp, headers)
    store = context.key_value_store(node.store.name)
    get, put, sends_old = store.get, store.put, context.sends_old(node)

    def keep(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        row = get(key) if sends_old else None
        put(key, value, timestamp)
        forward(key, value, None if row is None else row[0], timestamp, headers)

    return keep


def _having(node: ForeignKeyJoin, context: Context) -> Callable[[Any], bool]:
    """Tells whether there is a result of a left key; never, where results are not kept."""
    if not context.changes.keeps(node):
        return lambda key: False
    get = context.key_value_store(node.store.name).get
    return lambda key: get(key) is not None


def result_view(node: ForeignKeyJoin, context: Context) -> View:
    """The joined row of a left key."""
    return context.key_value_store(node.store.name).get
