"""The description of the HTTP API, in OpenAPI 3.1.

Knows nothing of the handlers; a test compares both.
"""

from __future__ import annotations

from typing import Any

from streamapp.web.counters import COUNTERS
from streamapp.web.problem import CONTENT_TYPE
from streamapp.web.query import DEFAULT_LIMIT, MAX_LIMIT

_INTEGER = {"type": "integer"}
_STRING = {"type": "string"}
_MAYBE_INTEGER = {"type": ["integer", "null"]}
_MAYBE_STRING = {"type": ["string", "null"]}


def openapi(version: str) -> dict[str, Any]:
    """The document served at `/openapi.json`."""
    topology, table = _path("topology"), _path("table")
    rows = [topology, table, *_ROW_PARAMETERS]
    one = "/api/v1/topologies/{topology}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "streamapp",
            "version": version,
            "description": "Topologies of this worker, read-only.",
        },
        "paths": {
            "/api/v1/topologies": _get("All topologies", [], _ref("Topologies")),
            "/api/v1/topologies/stream": _get("All topologies, as events `topologies`", [], None),
            one: _get("One topology", [topology], _ref("Topology")),
            one + "/stream": _get("One topology, as events `topology`", [topology], None),
            one + "/tables/{table}": _get("Rows, the newest window first, or by key", [*rows, _CURSOR], _ref("Page")),
            one + "/tables/{table}/stream": _get("The first page after each change, as events `rows`", rows, None),
            "/healthz": _probe("The process answers"),
            "/startupz": _probe("Every topology has started or failed"),
            "/readyz": _probe("Every topology runs"),
            "/metrics": {"get": {"summary": "For Prometheus", "responses": {"200": _content("text/plain", _STRING)}}},
        },
        "components": {"schemas": _SCHEMAS},
    }


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _STRING}


def _parameter(name: str, description: str, schema: dict[str, Any] = _STRING) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_MOMENT = "milliseconds since 1970 or ISO 8601, UTC unless it says otherwise"
_TIME = f"{_MOMENT}; tables with windows only"
_BYTES = "in the order of the encoded keys; not together with key or prefix"
_ROW_PARAMETERS = [
    _parameter("key", "Rows of this key: its text, or its JSON, without its window; not together with prefix"),
    _parameter("prefix", "Rows whose key begins with this text"),
    _parameter("start_key", f"Rows of this key and those behind it, {_BYTES}"),
    _parameter("end_key", f"Rows of this key and those before it, {_BYTES}"),
    _parameter("from", f"Windows that start at or after this time: {_TIME}"),
    _parameter("to", f"Windows that start before this time: {_TIME}"),
    _parameter("as_of", f"The values keys had at this time: {_MOMENT}; tables with a history only"),
    _parameter(
        "limit",
        "Rows on a page",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
]
_CURSOR = _parameter("cursor", "The `next` of the page before")


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Answer", "content": {content_type: {"schema": schema}}}


def _get(summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any] | None) -> dict[str, Any]:
    answer = _content("text/event-stream", _STRING) if schema is None else _content("application/json", schema)
    problem = _content(CONTENT_TYPE, _ref("Problem"))
    responses = {"200": answer}
    if parameters:
        responses |= {"404": problem | {"description": "No such topology or table"}}
    if len(parameters) > 1:
        responses |= {
            "400": problem | {"description": "A parameter is unknown or wrong"},
            "503": problem | {"description": "The topology does not run here now"},
        }
    return {"get": {"summary": summary, "parameters": parameters, "responses": responses}}


def _probe(summary: str) -> dict[str, Any]:
    answer = _content("application/json", _ref("Probe"))
    bad = answer | {"description": "Not so"}
    return {"get": {"summary": summary, "responses": {"200": answer, "503": bad}}}


def _object(maybe: dict[str, dict[str, Any]] | None = None, /, **properties: dict[str, Any]) -> dict[str, Any]:
    """An object with all of `properties`; those in `maybe` need not be there."""
    return {"type": "object", "required": list(properties), "properties": properties | (maybe or {})}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_STATE = {"type": "string", "enum": ["starting", "restoring", "running", "failed", "stopped"]}
_POSITION = _object(topic=_STRING, partition=_INTEGER, position=_INTEGER)
_TABLE = _object(
    name=_STRING,
    kind={"type": "string", "enum": ["key-value", "versioned", "window", "session", "global"]},
    window_size={**_MAYBE_INTEGER, "description": "Milliseconds; null of sessions, and without windows"},
    retention={
        **_MAYBE_INTEGER,
        "description": "Milliseconds of event time for which a window, or a value that is not the last, is kept",
    },
)
_TASK = _object(
    id=_STRING,
    lag=_INTEGER,
    late={**_INTEGER, "description": "Records that came too late for their window since the topology first ran"},
    positions=_list(_POSITION),
)
_RESTORE = _object(
    task=_STRING,
    store=_STRING,
    records={**_INTEGER, "description": "Records read so far"},
    left={**_INTEGER, "description": "Offsets of its log to be read"},
    rate={"type": "number", "description": "Records per second"},
    seconds_left={"type": ["number", "null"], "description": "By the speed of late; null before there is one"},
)
_STANDBY = _object(task=_STRING, store=_STRING, behind={**_INTEGER, "description": "Offsets of its log to be read"})
_SCHEMAS = {
    "Topologies": _object(items=_list(_ref("Topology"))),
    "Topology": _object(
        name=_STRING,
        group=_MAYBE_STRING,
        state=_STATE,
        error=_MAYBE_STRING,
        lag=_INTEGER,
        rate={"type": "number", "description": "Records per second"},
        commit_ms={"type": ["number", "null"]},
        sources=_list(_STRING),
        sinks=_list(_STRING),
        tables=_list(_TABLE),
        tasks=_list(_TASK),
        restores={**_list(_RESTORE), "description": "The stores that are being restored"},
        standbys={**_list(_STANDBY), "description": "The stores of other workers' tasks that are followed here"},
        counters=_object(**{one.name: {"type": "number", "description": one.help} for one in COUNTERS}),
    ),
    "Page": _object(
        items=_list(_ref("Row")),
        next={**_MAYBE_STRING, "description": "The cursor of the next page; null: there is none"},
        incomplete={**_list(_STRING), "description": "Whose rows are missing"},
    ),
    "Row": _object(
        key={},
        window={
            "description": "The end of a sliding window or session belongs to it; null where nobody tells the size",
            "oneOf": [_object(start=_INTEGER, end=_MAYBE_INTEGER), {"type": "null"}],
        },
        value={},
        timestamp={**_INTEGER, "description": "Milliseconds since 1970"},
    ),
    "Probe": _object(status={"type": "string", "enum": ["ok", "unavailable"]}, topologies={"type": "object"}),
    "Problem": _object(
        {"existing": {**_list(_STRING), "description": "What there is instead of what was named"}},
        type=_STRING,
        title=_STRING,
        status=_INTEGER,
        detail=_STRING,
        instance=_STRING,
    ),
}
