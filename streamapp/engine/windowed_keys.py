"""What a topic must know of windowed keys: how long windows are, and which bytes decide the partition.

Knows nothing of partitioners or formats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

from streamapp.dsl.types import class_of
from streamapp.dsl.windows import Session, Windowed

_START = 8
"""Bytes of the start behind the key (Kafka's TimeWindowedSerializer)."""
_END_AND_START = 16
"""Bytes of the end and the start behind the key (Kafka's SessionWindowedSerializer)."""


def partition_bytes(key: Any) -> Callable[[bytes], bytes] | None:
    """For keys of a windowed type: what cuts their bytes to those of the key inside; None for other types.

    All windows of a key go to one partition, as in Kafka Streams.
    """
    kind = class_of(key)
    if kind is Session:
        return _without_session
    return _without_window if kind is Windowed else None


def _without_window(key: bytes) -> bytes:
    return key[:-_START]


def _without_session(key: bytes) -> bytes:
    return key[:-_END_AND_START]


def with_size(topic_key: Any, stream_key: Any) -> Any:
    """The type of a topic's keys, with the note how long windows are that the stream's may have."""
    if class_of(topic_key) is not Windowed or get_origin(topic_key) is Annotated:
        return topic_key
    noted = class_of(stream_key) is Windowed and get_origin(stream_key) is Annotated
    return Annotated[(topic_key, *get_args(stream_key)[1:])] if noted else topic_key
