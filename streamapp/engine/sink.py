"""Where records leave a task: encoded when they are emitted, and appended to its outputs.

Knows nothing of partitions or brokers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from streamapp.dsl.node import Node
from streamapp.dsl.nodes_stream import ChosenSink
from streamapp.engine.events import caused, event_id, is_event, passed_on
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.specs import SinkSpec

Check: TypeAlias = Callable[[int, bytes | None, bytes | None, Headers], None]
"""Of timestamp (ms), key, value and headers."""


def build_sink(spec: SinkSpec, index: int, context: Context) -> Forward:
    """Writes to a topic of the author's; what an event causes gets event headers of its own."""
    encode_key, encode_value, check = spec.key.encode, spec.value.encode, _check(spec, index, context)
    outputs, append, here = context.outputs, context.outputs.append, context.here
    application, topic = context.application, spec.topic

    def emit(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if headers and is_event(headers):
            event = event_id(application, topic, here, len(outputs) - here.mark + here.ordinal)
            headers = caused(headers, event, application, value, timestamp)
        key = None if key is None else encode_key(key)
        value = None if value is None else encode_value(value)
        if check is not None:
            check(timestamp, key, value, headers)
        append((index, timestamp, key, value, headers))

    return emit


def build_sinks(node: Node, sinks: Sequence[tuple[int, SinkSpec]], context: Context) -> Forward:
    """Writes what reaches a node to its topic, or to the one of its topics that is chosen for each record."""
    if isinstance(node, ChosenSink):
        return build_chosen_sink(node, {spec.topic: build_sink(spec, index, context) for index, spec in sinks})
    ((index, spec),) = sinks
    return build_repartition(spec, index, context) if spec.internal else build_sink(spec, index, context)


def build_chosen_sink(node: ChosenSink, sinks: Mapping[str, Forward]) -> Forward:
    """Writes each record where the author's function says; raises `ValueError` for a topic not announced."""
    chooser, with_key = node.chooser.call, node.chooser.with_key

    def emit(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        topic = chooser(key, value) if with_key else chooser(value)
        sink = sinks.get(getattr(topic, "name", topic))
        if sink is None:
            raise ValueError(f"{node.chooser.where} chose {topic!r}: add it to topics= of to, or choose another")
        sink(key, value, timestamp, headers)

    return emit


def build_repartition(spec: SinkSpec, index: int, context: Context) -> Forward:
    """Writes to an internal topic; timestamp and headers stay the record's own, and an event's origin goes with it."""
    encode_key, encode_value = spec.key.encode, spec.value.encode
    outputs, append, here = context.outputs, context.outputs.append, context.here
    application, topic = context.application, spec.topic
    drop, check = context.counting(context.dropped, spec.topic), _check(spec, index, context)
    null_keys = spec.null_keys

    def emit(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None and not null_keys:
            drop()
            return
        if headers and is_event(headers):
            number = len(outputs) - here.mark + here.ordinal
            headers = passed_on(headers, event_id(application, topic, here, number))
        key = None if key is None else encode_key(key)
        value = None if value is None else encode_value(value)
        if check is not None:
            check(timestamp, key, value, headers)
        append((index, timestamp, key, value, headers))

    return emit


def _check(spec: SinkSpec, index: int, context: Context) -> Check | None:
    """What raises for a record that the sink's topic would refuse, or for which the author names no partition."""
    if not context.limits:
        return None
    limits, partitioner = context.limits[index], spec.partitioner
    if partitioner is None:
        return limits.check

    def check(timestamp: int, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        limits.check(timestamp, key, value, headers)
        partitioner(key, value, limits.partitions)

    return check
