"""Where a reader of a table stopped, as a text that it hands back to go on from there.

Names the last row it was given by its place, not by its number, so that rows which come and go meanwhile neither
repeat nor hide others. Knows nothing of stores.
"""

from __future__ import annotations

import base64

import msgspec

from streamapp.engine.specs import StoreSpec
from streamapp.errors import UsageError


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row that was read: its table, the bytes of its key, its window's start (ms) and its task's partition."""

    table: str
    key: bytes
    start: int | None
    partition: int

    def encode(self) -> str:
        """As text that needs no quoting in an address."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode()


def decode_cursor(text: str, spec: StoreSpec) -> Cursor:
    """Reads what `encode` wrote for the table `spec`; raises `UsageError` for anything else."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.msgpack.decode(data, type=Cursor)
        spec.key.decode(cursor.key)
    except Exception:  # noqa: BLE001 - a codec raises what it likes for bytes that are not its own
        raise _foreign(text, spec) from None
    if cursor.table != spec.name or (cursor.start is None) != (spec.kind == "key-value"):
        raise _foreign(text, spec)
    return cursor


def _foreign(text: str, spec: StoreSpec) -> UsageError:
    return UsageError(f"cursor {text!r} is not one that table {spec.name!r} gave: begin again without a cursor")
