"""CloudEvents headers of what a record causes (binary mode): ids that replay and retry give again.

Only records that are events themselves, by their `ce_specversion`, cause events. Knows nothing of topics or
stores.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from streamapp.engine.operator import Here
from streamapp.engine.records import Headers

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cloudevents.io/streamapp")
_REPLACED = frozenset({"ce_id", "ce_type", "ce_source", "ce_time", "ce_causationid", "ce_correlationid"})


def is_event(headers: Headers) -> bool:
    """Whether a record with these headers is a CloudEvent."""
    return any(name == "ce_specversion" for name, _ in headers)


def event_id(application: str, node: str, here: Here, ordinal: int) -> str:
    """The id of the `ordinal`-th output that `node` makes of the record in process: always the same one."""
    cause = f"{application}/{node}/{here.topic}/{here.partition}/{here.row[0]}/{ordinal}"
    return str(uuid.uuid5(_NAMESPACE, cause))


def caused(headers: Headers, event: str, application: str, value: Any, timestamp: int) -> Headers:
    """The headers of an event with id `event` that an event with `headers` has caused.

    Its cause is the input's id; the correlation id is passed on, and is the input's id where a chain begins.
    Headers that are not CloudEvents attributes stay.
    """
    given = dict(headers)
    cause = given.get("ce_id")
    time = datetime.fromtimestamp(timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    fields = {
        "ce_id": event.encode(),
        "ce_type": type(value).__name__.encode() if value is not None else b"Tombstone",
        "ce_source": application.encode(),
        "ce_time": time.replace("+00:00", "Z").encode(),
        "ce_causationid": cause,
        "ce_correlationid": given.get("ce_correlationid") or cause,
    }
    return (*(header for header in headers if header[0] not in _REPLACED), *fields.items())
