"""Files of the Numenta Anomaly Benchmark as events: one per reading of a sensor.

Turns lines of text into keys, values and timestamps. Knows nothing of topics or files' compression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from streamapp.cli.importers.events import Event, milliseconds, problem_of, rows_of
from streamapp.errors import UsageError

COLUMNS = ("timestamp", "value")

_NANO = Decimal("1e-9")


class Reading(msgspec.Struct, frozen=True):
    """The value of an event: the number, its text in the file, and the integer of 1/1,000,000,000."""

    row: int
    value: float
    text: str
    nano: int


def events(lines: Iterable[str], name: str, sensor: str) -> Iterator[Event]:
    """The readings of a file, in its order, with the sensor as key.

    Raises `UsageError` naming file, line, column and value where the file is not what it should be.
    """
    encode = msgspec.json.Encoder().encode
    key = sensor.encode()
    for row, (line, fields) in enumerate(rows_of(lines, name, COLUMNS)):
        try:
            date, text = fields
            time, integer = milliseconds(date), nano(text)
        except ValueError:
            raise UsageError(f"{name}, line {line}: {problem_of(fields, COLUMNS, _READERS)}") from None
        yield time, key, encode(Reading(row, float(text), text, integer))


def nano(text: str) -> int:
    """A decimal number times 1,000,000,000, rounded half to even: beyond nine places is the noise of floats."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a decimal number") from None
    if not number.is_finite():
        raise ValueError("a finite number")
    return int(number.quantize(_NANO, ROUND_HALF_EVEN).scaleb(9))


_READERS = {"timestamp": milliseconds, "value": nano}
