"""Checks a JSON value against a schema, as far as our own description uses JSON Schema.

A keyword it does not know fails the test, so that none is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {"$ref", "type", "enum", "required", "properties", "items", "oneOf", "description"}
_FOR_PARAMETERS = {"minimum", "maximum", "default"}


def faults(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """What is wrong with `value`; `document` holds what references point to. An object has no field but those named."""
    assert set(schema) <= _KNOWN | _FOR_PARAMETERS, f"{at}: unknown keywords {set(schema) - _KNOWN}"
    if "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        yield from faults(value, found, document, at)
        return
    if "oneOf" in schema:
        matching = [one for one in schema["oneOf"] if not list(faults(value, one, document, at))]
        if len(matching) != 1:
            yield f"{at}: {value!r} matches {len(matching)} of the alternatives"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{at}: {value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, document, at)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), document, f"{at}[{number}]")


def _is(value: Any, types: str | list[str]) -> bool:
    names = [types] if isinstance(types, str) else types
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _of_object(
    value: Mapping[str, Any], schema: Mapping[str, Any], document: Mapping[str, Any], at: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name!r} is missing"
    known = schema.get("properties")
    if known is None:
        return
    for name, inner in value.items():
        if name not in known:
            yield f"{at}: {name!r} is not described"
        else:
            yield from faults(inner, known[name], document, f"{at}.{name}")
