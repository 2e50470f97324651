"""The partition an author's function chooses for a record that is written (Kafka's StreamPartitioner).

Knows nothing of brokers, or of how partitions are chosen otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from streamapp.dsl.format import Codec
from streamapp.dsl.node import Function, Node

Partitioner: TypeAlias = Callable[[bytes | None, bytes | None, int], int | None]
"""The partition of a record, given its key, its value and the number of partitions; None: that of its key."""


def partitioner_of(node: Node, key: Codec[Any], value: Codec[Any]) -> Partitioner | None:
    """The author's choice for the records that leave at `node`; None where the key decides.

    The function is given what was written, decoded again. What it returns raises `ValueError` when there is no such
    partition.
    """
    function: Function | None = getattr(node, "partitioner", None)
    if function is None:
        return None
    choose, with_key, where = function.call, function.with_key, function.where

    def partition(key_bytes: bytes | None, value_bytes: bytes | None, count: int) -> int | None:
        record = None if value_bytes is None else value.decode(value_bytes)
        if with_key:
            chosen = choose(None if key_bytes is None else key.decode(key_bytes), record, count)
        else:
            chosen = choose(record, count)
        if chosen is None:
            return None
        if not isinstance(chosen, int) or not 0 <= chosen < count:
            raise ValueError(
                f"partitioner {where} chose {chosen!r}: give one of the {count} partitions, 0 to {count - 1}"
            )
        return chosen

    return partition
