"""The values of internal topics as bytes: records, a table's changes, and the two halves of a foreign-key join.

Knows nothing of who writes or reads them.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.node import Node, Repartition
from streamapp.dsl.topic import Topic
from streamapp.engine.packed import INTEGER, NOTHING, packed
from streamapp.engine.specs import CodecFor


def codec_of(node: Node, topic: Topic[Any, Any], codec_for: CodecFor) -> Codec[Any]:
    """The codec of the values `node` writes to or reads from `topic`."""
    codec = codec_for(topic.value, topic.format)
    match node.carries if isinstance(node, Repartition) else "record":
        case "change":
            return change(codec)
        case "subscription":
            return subscription(codec)
        case "response":
            return response(codec)
    return codec


def change(value: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """(new, old): what a row is now and what it was, as Kafka Streams' ChangedSerializer keeps them together."""
    return packed(value, value)


def subscription(left_key: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """(left key, digest of the left value or None, instruction, partition of the left row)."""
    return packed(left_key, NOTHING, INTEGER, INTEGER)


def response(right_value: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """(right value or None, digest of the left value it answers or None, partition of the left row)."""
    return packed(right_value, NOTHING, INTEGER)
