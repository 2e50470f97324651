"""What msgspec says of a type: whether it can be written at all, and whether its values can change.

Knows nothing of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from streamapp.dsl.types import name_of
from streamapp.errors import TopologyError

_MUTABLE = (
    inspect.AnyType,
    inspect.ByteArrayType,
    inspect.DictType,
    inspect.ListType,
    inspect.RawType,
    inspect.SetType,
    inspect.TypedDictType,
)


def shape_of(type_: Any, format_: str) -> inspect.Type:
    """The description of a type by msgspec.

    Raises `TopologyError` where the format `format_` cannot hold it.
    """
    try:
        shape = inspect.type_info(type_)
    except (TypeError, NameError) as error:
        raise TopologyError(f"{format_} cannot hold {name_of(type_)}: {error}: {_REMEDY}") from None
    for part in _parts(shape):
        if isinstance(part, inspect.CustomType):
            inside = "" if part.cls is type_ else f" in {name_of(type_)}"
            raise TopologyError(f"{format_} cannot hold {name_of(part.cls)}{inside}: {_REMEDY}")
    return shape


_REMEDY = "make it a frozen msgspec.Struct or dataclass of such fields, or give the topic another format"


def is_immutable(shape: inspect.Type) -> bool:
    """Whether no part of a decoded value can be changed."""
    return not any(isinstance(part, _MUTABLE) or _is_open(part) for part in _parts(shape))


def _is_open(part: inspect.Type) -> bool:
    """A struct or dataclass whose fields can be set."""
    if isinstance(part, inspect.StructType):
        return not part.cls.__struct_config__.frozen
    if isinstance(part, inspect.DataclassType):
        parameters = getattr(part.cls, "__dataclass_params__", None)
        return not (parameters is not None and parameters.frozen)
    return False


def _parts(shape: inspect.Type) -> Iterator[inspect.Type]:
    """The type and all that it is made of, each once."""
    todo, seen = [shape], set[int]()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        todo.extend(_inside(part))


def _inside(part: inspect.Type) -> Iterator[inspect.Type]:
    for name in part.__struct_fields__:
        held = getattr(part, name)
        for item in held if isinstance(held, tuple) else (held,):
            if isinstance(item, inspect.Field):
                yield item.type
            elif isinstance(item, inspect.Type):
                yield item
