"""Where a reader of a table stopped, as a text that it hands back to go on from there.

Names the last row it was given by its place, not by its number, so that rows which come and go meanwhile neither
repeat nor hide others. Knows nothing of stores.
"""

from __future__ import annotations

import base64

import msgspec

from streamapp.engine.specs import TableSpec
from streamapp.errors import UsageError
from streamapp.state.table_rows import Place, key_in_place, times_in_place


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row that was read: its table, the bytes of its key, its window's times (ms) and its task's partition."""

    table: str
    key: bytes
    times: tuple[int, ...]
    partition: int

    @property
    def place(self) -> Place:
        """Where the row stands among those of its task."""
        return self.times, self.key

    def encode(self) -> str:
        """As text that needs no quoting in an address."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode()


def decode_cursor(text: str, table: TableSpec) -> Cursor:
    """Reads what `encode` wrote for `table`; raises `UsageError` for anything else."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.msgpack.decode(data, type=Cursor)
        key_in_place(table).decode(cursor.key)
    except Exception:  # noqa: BLE001 - a codec raises what it likes for bytes that are not its own
        raise _foreign(text, table) from None
    if cursor.table != table.name or len(cursor.times) != times_in_place(table):
        raise _foreign(text, table)
    return cursor


def _foreign(text: str, table: TableSpec) -> UsageError:
    return UsageError(f"cursor {text!r} is not one that table {table.name!r} gave: begin again without a cursor")
