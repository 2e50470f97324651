"""A source topic read as the log of its own table: what the table would have kept of each record.

The same record gives the same row whether it is processed or restored: keys and values are decoded and encoded again,
since a topic may hold equal keys in other bytes (JSON with other spaces), and what cannot be decoded went to the dead
letters. Knows nothing of stores or topics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.engine.records import Row
from streamapp.engine.specs import StoreSpec


def taken(spec: StoreSpec, rows: Sequence[Row]) -> Sequence[Row]:
    """What a store takes of rows of its log: all of a changelog, of a topic what its table would have kept."""
    if spec.log not in ("source", "global"):
        return rows
    found = (stored(row, spec.key, spec.value) for row in rows)
    return [row for row in found if row is not None]


def stored(row: Row, key: Codec[Any], value: Codec[Any]) -> Row | None:
    """The record as its table's row is written; None for a record the table does not take."""
    offset, timestamp, key_bytes, value_bytes, headers = row
    if key_bytes is None:
        return None
    try:
        key_bytes = key.encode(key.decode(key_bytes))
        if value_bytes is not None:
            value_bytes = value.encode(value.decode(value_bytes))
    except Exception:  # noqa: BLE001 - whatever a codec raised, the task sent this record to the dead letters
        return None
    return offset, timestamp, key_bytes, value_bytes, headers
