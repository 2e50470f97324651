"""Where records leave a task: encoded when they are emitted, and appended to its outputs.

Knows nothing of partitions or brokers.
"""

from __future__ import annotations

from typing import Any

from streamapp.engine.events import caused, event_id, is_event
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.specs import SinkSpec


def build_sink(spec: SinkSpec, index: int, context: Context) -> Forward:
    """Writes to a topic of the author's; what an event causes gets event headers of its own."""
    encode_key, encode_value = spec.key.encode, spec.value.encode
    outputs, append, here = context.outputs, context.outputs.append, context.here
    application, topic = context.application, spec.topic

    def emit(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if headers and is_event(headers):
            event = event_id(application, topic, here, len(outputs) - here.mark)
            headers = caused(headers, event, application, value, timestamp)
        append(
            (
                index,
                timestamp,
                None if key is None else encode_key(key),
                None if value is None else encode_value(value),
                headers,
            )
        )

    return emit


def build_repartition(spec: SinkSpec, index: int, context: Context) -> Forward:
    """Writes to an internal topic; timestamp and headers stay the record's own."""
    encode_key, encode_value, append = spec.key.encode, spec.value.encode, context.outputs.append
    drop = context.counting(context.dropped, spec.topic)
    null_keys = spec.null_keys

    def emit(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            if null_keys:
                append((index, timestamp, None, None if value is None else encode_value(value), headers))
            else:
                drop()
            return
        append((index, timestamp, encode_key(key), None if value is None else encode_value(value), headers))

    return emit
