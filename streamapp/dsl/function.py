"""Functions of an author, looked at once, when a step is made: what they take, return and are called.

Knows nothing of particular steps.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, get_args, get_origin, get_type_hints

from streamapp.dsl.node import Function
from streamapp.dsl.place import where
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError


def adapt(
    step: str,
    function: Callable[..., Any],
    key: Any,
    arguments: Mapping[str, Any],
    *,
    many: bool = False,
    awaited: bool = False,
) -> Function:
    """The function as a step calls it: with `arguments`, or with the key before them.

    `key` and the values of `arguments` are the types the step will give, by what errors call them; a function
    that gives `many` results may be a generator, one that is `awaited` must be asynchronous. Raises `TopologyError`
    for what cannot be called so, is asynchronous otherwise, or is annotated to take other types.
    """
    if not callable(function):
        raise TopologyError(f"{step}: {function!r} is not a function: give one that takes {_listed(arguments)}")
    place = where(function)
    if awaited:
        if not inspect.iscoroutinefunction(function):
            raise TopologyError(f"{step}: {place} is not asynchronous: give an 'async def', or use map_values")
    elif any(is_kind(function) for is_kind in (_NOT_PLAIN[:2] if many else _NOT_PLAIN)):
        raise TopologyError(
            f"{step}: {place} is asynchronous or a generator: give a plain function that returns its result"
        )
    with_key = _takes_key(step, function, place, arguments)
    _check_types(step, function, place, {"the key": key, **arguments} if with_key else arguments)
    return Function(function, with_key, place)


_NOT_PLAIN = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)


_UNRESOLVED = (NameError, AttributeError, TypeError, SyntaxError)
"""What evaluating an annotation raises that cannot be."""


def _takes_key(step: str, function: Callable[..., Any], place: str, arguments: Mapping[str, Any]) -> bool:
    """Whether it must be given the key too; a function that can do without is not given it."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # built in, such as `str`: it takes what it is given
        return False
    for with_key in (False, True):
        try:
            signature.bind(*range(len(arguments) + with_key))
        except TypeError:
            continue
        return with_key
    raise TopologyError(
        f"{step}: {place} takes {signature}: "
        f"give a function of {_listed(arguments)}, or of the key, {_listed(arguments)}"
    )


def _listed(arguments: Mapping[str, Any]) -> str:
    return ", ".join(arguments) or "nothing"


def _check_types(step: str, function: Callable[..., Any], place: str, given: Mapping[str, Any]) -> None:
    """Raises `TopologyError` when a parameter is annotated with a class that its argument cannot be of."""
    annotations = _annotations(function)
    try:
        names = list(inspect.signature(function).parameters)
    except (ValueError, TypeError):
        return
    for name, (argument, type_) in zip(names, given.items(), strict=False):
        try:
            wanted = _resolved(function, annotations.get(name))
        except _UNRESOLVED:  # imported for the type checker alone, which has then looked at it
            continue
        if contradicts(type_, wanted):
            raise TopologyError(
                f"{step}: {place} takes {argument} as {name_of(wanted)}, but here it is "
                f"{name_of(plain(type_))}: give a function of that type, or map to the other in a step before"
            )


def return_type(step: str, function: Callable[..., Any]) -> Any:
    """The type of what `function` returns by its annotation; None when nothing is known.

    A class gives itself. Raises `TopologyError` for an annotation that names what its module does not have.
    """
    if isinstance(function, type):
        return function
    if get_origin(function) is not None:  # such as `dict[str, int]`
        return function
    try:
        return plain(_resolved(function, _annotations(function).get("return")))
    except _UNRESOLVED as error:
        raise TopologyError(
            f"{step}: what {where(function)} returns cannot be looked up: {error}: import it outside of "
            "`if TYPE_CHECKING`, since records are decoded by it"
        ) from None


def pair_type(step: str, function: Callable[..., Any]) -> tuple[Any, Any]:
    """The types of the key and the value that `function` returns as a pair; None for what is not known.

    Raises `TopologyError` when it is annotated to return anything but a pair.
    """
    return _pair(step, function, return_type(step, function))


def item_pair_type(step: str, function: Callable[..., Any]) -> tuple[Any, Any]:
    """The types of the keys and values in the pairs that `function` returns many of; None for what is not known."""
    return _pair(step, function, item_type(step, function))


def _pair(step: str, function: Callable[..., Any], found: Any) -> tuple[Any, Any]:
    if found is None:
        return None, None
    types = get_args(found)
    if found is tuple:
        return None, None
    if get_origin(found) is not tuple or len(types) != 2 or types[1] is Ellipsis:
        raise TopologyError(
            f"{step}: {where(function)} returns {name_of(found)}: give a function that returns (key, value)"
        )
    return plain(types[0]), plain(types[1])


def item_type(step: str, function: Callable[..., Any]) -> Any:
    """The type of what the collection or generator that `function` returns holds; None when nothing is known.

    Raises `TopologyError` when it is annotated to return what holds nothing.
    """
    found = return_type(step, function)
    if found is None:
        return None
    origin = get_origin(found) or found
    if not isinstance(origin, type) or not issubclass(origin, Iterable) or issubclass(origin, str | bytes | Mapping):
        raise TopologyError(
            f"{step}: {where(function)} returns {name_of(found)}: give a function that returns a list, or yields"
        )
    types = get_args(found)
    if origin is tuple:
        return plain(types[0]) if types and (len(types) == 1 or types[1] is Ellipsis) else None
    return plain(types[0]) if types else None


def _annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    return getattr(_python(function), "__annotations__", None) or {}


def _python(function: Callable[..., Any]) -> Any:
    """The Python function that a call ends in, with its annotations; None for a class."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, type):
        return None
    function = inspect.unwrap(function)
    if not hasattr(function, "__annotations__"):
        function = type(function).__call__
    return getattr(function, "__func__", function)


def _resolved(function: Callable[..., Any], annotation: Any) -> Any:
    """An annotation of `function` as a type; raises `NameError` when it names what is not there."""
    if annotation is None:
        return None
    python = _python(function)
    names = python.__code__.co_freevars if hasattr(python, "__code__") else ()
    local = dict(zip(names, map(_content, python.__closure__ or ()), strict=True))
    stub = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(stub, getattr(python, "__globals__", {}), local, include_extras=True)["it"]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None
