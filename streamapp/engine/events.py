"""CloudEvents headers of what a record causes (binary mode): ids that replay and retry give again.

Only records that are events themselves, by their `ce_specversion`, cause events. A record that goes through a
repartition topic is no event of its own: it keeps its headers, and `ORIGIN` beside them, since its offset there is
another each time it is written again. Knows nothing of topics or stores.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import Any

from streamapp.engine.operator import Here
from streamapp.engine.records import Headers

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cloudevents.io/streamapp").bytes
ORIGIN = "streamapp_origin"
"""The header that names, in a repartition topic, what a record was made of: the same at every retry and replay."""

_REPLACED = frozenset({"ce_id", "ce_type", "ce_source", "ce_time", "ce_causationid", "ce_correlationid", ORIGIN})


def is_event(headers: Headers) -> bool:
    """Whether a record with these headers is a CloudEvent."""
    for name, _ in headers:  # noqa: SIM110 - a generator takes five times as long
        if name == "ce_specversion":
            return True
    return False


def event_id(application: str, node: str, here: Here, ordinal: int) -> str:
    """The id of the `ordinal`-th output that `node` makes of the record in process: always the same one."""
    place = None
    for name, value in here.row[4]:
        if name == ORIGIN and value:
            place = value.decode()
    if place is None:
        place = f"{here.topic}/{here.partition}/{here.row[0]}"
    return _name_based(f"{application}/{node}/{place}/{ordinal}")


def _name_based(name: str) -> str:
    """The UUID, version 5, of a name, as `uuid.uuid5` makes it in three times the time."""
    digest = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()
    text = (int.from_bytes(digest[:16]) & ~(0xF000C000 << 48) | 0x50008000 << 48).to_bytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def passed_on(headers: Headers, origin: str) -> Headers:
    """The headers of an event on its way through a repartition topic: its own, and what it was made of."""
    return (*(header for header in headers if header[0] != ORIGIN), (ORIGIN, origin.encode()))


def caused(headers: Headers, event: str, application: str, value: Any, timestamp: int) -> Headers:
    """The headers of an event with id `event` that an event with `headers` has caused.

    Its cause is the input's id; the correlation id is passed on, and is the input's id where a chain begins.
    Headers that are not CloudEvents attributes stay.
    """
    given = dict(headers)
    cause = given.get("ce_id")
    second, milliseconds = divmod(timestamp, 1000)
    fields = {
        "ce_id": event.encode(),
        "ce_type": type(value).__name__.encode() if value is not None else b"Tombstone",
        "ce_source": application.encode(),
        "ce_time": f"{_second(second)}.{milliseconds:03d}Z".encode(),
        "ce_causationid": cause,
        "ce_correlationid": given.get("ce_correlationid") or cause,
    }
    return (*(header for header in headers if header[0] not in _REPLACED), *fields.items())


@lru_cache(maxsize=64)
def _second(time: int) -> str:
    """`2010-12-01T08:26:00` for a time in seconds since the epoch."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").removesuffix("+00:00")
