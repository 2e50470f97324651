"""The shapes in which records enter and leave the engine.

Plain tuples: this is the hot path, and a tuple costs a third of an object.
"""

from __future__ import annotations

from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]

Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, Headers]
"""A record of a known topic and partition: offset, timestamp (ms), key, value, headers."""

Output: TypeAlias = tuple[int, int, bytes | None, bytes | None, Headers]
"""A record to send: index of its sink in the plan's sub-topology, timestamp (ms), key, value, headers."""

Change: TypeAlias = tuple[bytes, bytes | None, int]
"""A store's row for its changelog: key, value or None for a tombstone, timestamp (ms)."""
