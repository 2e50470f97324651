"""The types of keys and values at run time, as far as annotations and arguments tell them.

None stands for a type of which nothing is known. Knows nothing of formats or steps.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, NewType, TypeVar, Union, get_args, get_origin

_NUMBERS = {int: 1, float: 2, complex: 3}
"""A number stands for those after it (PEP 484)."""


def plain(type_: Any) -> Any:
    """`type_` without aliases, `Annotated`, `NewType` and None; None when nothing is known of it.

    None is taken out of unions because a null never reaches a codec.
    """
    while True:
        inner = _within(type_)
        if inner is type_:
            break
        type_ = inner
    if type_ in (None, NoneType, Any, object) or isinstance(type_, TypeVar):
        return None
    return type_


def _within(type_: Any) -> Any:
    """What one layer of wrapping holds; `type_` itself when there is none."""
    if isinstance(type_, NewType):
        return type_.__supertype__
    if type(type_).__name__ == "TypeAliasType":  # a `type` statement, of Python 3.12
        return type_.__value__
    origin = get_origin(type_)
    if origin is Annotated:
        return get_args(type_)[0]
    if origin in (Union, UnionType):
        members = get_args(type_)
        rest = tuple(member for member in members if member is not NoneType)
        return type_ if len(rest) == len(members) else Union[rest]  # noqa: UP007 - a union of a tuple
    return type_


def contradicts(given: Any, wanted: Any) -> bool:
    """Whether no value of the class `given` is one of the class `wanted`.

    Only classes are compared, without their arguments; of anything else the answer is no, and `mypy` knows
    better.
    """
    given, wanted = class_of(given), class_of(wanted)
    if not (_is_class(given) and _is_class(wanted)):
        return False
    if given in _NUMBERS and wanted in _NUMBERS:
        return _NUMBERS[given] > _NUMBERS[wanted]
    return not (issubclass(given, wanted) or issubclass(wanted, given))


def class_of(type_: Any) -> Any:
    """The class of a type, without its arguments; None when nothing is known."""
    type_ = plain(type_)
    origin = get_origin(type_)
    return type_ if origin in (None, UnionType) else origin


def _is_class(type_: Any) -> bool:
    return isinstance(type_, type) and get_origin(type_) is None and not getattr(type_, "_is_protocol", False)


def name_of(type_: Any) -> str:
    """What errors call a type."""
    return type_.__name__ if isinstance(type_, type) and get_origin(type_) is None else str(type_)
