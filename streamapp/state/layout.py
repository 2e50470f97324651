"""How rows lie in a store and in its changelog, as bytes.

Key-value: key -> timestamp, value. Window: start, key -> timestamp, value; the start comes first, so that what has
expired is one range at the beginning. In the changelog a window's key is followed by its start, as Kafka's
`TimeWindowedSerializer` writes it, and the timestamp is the record's. Numbers are 8 bytes, big-endian.
Knows nothing of codecs or databases.
"""

from __future__ import annotations

import struct

FORMAT_VERSION = 1
"""Raised when any of this changes: a folder of another version is rebuilt."""

NUMBER = 8
"""Bytes of a timestamp or a window start."""

_SIGNED = struct.Struct(">q")
_UNSIGNED = struct.Struct(">Q")

pack_timestamp = _SIGNED.pack
"""A timestamp in ms; may be negative."""

pack_start = _UNSIGNED.pack
"""A window start in ms, 0 or later (`struct.error` otherwise), in an order that bytes keep."""

LAST_START = 2**64 - 1


def pack_row(value: bytes, timestamp: int) -> bytes:
    """A stored value with its timestamp."""
    return pack_timestamp(timestamp) + value


def row_of(value: bytes | None, timestamp: int) -> bytes | None:
    """The row that a record of a log says: None for a tombstone."""
    return None if value is None else pack_timestamp(timestamp) + value


def unpack_timestamp(row: bytes) -> int:
    """The timestamp of a stored value."""
    timestamp: int = _SIGNED.unpack_from(row)[0]
    return timestamp


def start_of(row_key: bytes) -> int:
    """The window start in a row's key."""
    start: int = _UNSIGNED.unpack_from(row_key)[0]
    return start


def to_changelog(row_key: bytes) -> bytes:
    """The changelog's key of a window row."""
    return row_key[NUMBER:] + row_key[:NUMBER]


def from_changelog(key: bytes) -> bytes:
    """The row's key of a window in the changelog; raises `ValueError` when it cannot be one."""
    if len(key) < NUMBER:
        raise ValueError(f"key of {len(key)} bytes has no window start")
    return key[-NUMBER:] + key[:-NUMBER]


def successor(key: bytes) -> bytes:
    """The lowest key above `key`."""
    return key + b"\0"


def prefix_end(prefix: bytes) -> bytes | None:
    """The lowest key above all that begin with `prefix`; None when there is no such key."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None
