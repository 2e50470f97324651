"""The functions that cases name: what each combiner, selector, mapper and predicate does.

Scalars are text, integers, reals and None. `text(None)` is "null", `integer(None)` is 0, and `base` is a key
without its window. Knows nothing of topologies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from streamapp.dsl.windows import Windowed
from streamapp.errors import UsageError

Function: TypeAlias = Callable[..., Any]

_TAIL = 8


def text(value: Any) -> str:
    """A scalar as text."""
    return "null" if value is None else str(value)


def integer(value: Any) -> int:
    """A scalar as an integer."""
    return 0 if value is None else int(value)


def base(key: Any) -> Any:
    """A key without its windows."""
    while isinstance(key, Windowed):
        key = key.key
    return key


def first_character(value: Any) -> str | None:
    """The first character of a scalar; None for null and empty text."""
    return text(value)[:1] or None if value is not None else None


def _tail(value: Any) -> str:
    return text(value)[-_TAIL:]


def _remainder(number: int, modulus: int) -> int:
    """As Java's `%`: the sign is that of the number."""
    return abs(number) % modulus * (-1 if number < 0 else 1)


def _joined(separator: str) -> Function:
    return lambda left, right: f"{text(left)}{separator}{text(right)}"


COMBINERS: Mapping[str, Function] = {
    "plus": _joined("+"),
    "dash": _joined("-"),
    "minus": _joined("-"),
    "percent": _joined("%"),
    "pipe": _joined("|"),
    "colon": _joined(":"),
    "concat": _joined(""),
    "paren": lambda left, right: f"({text(left)},{text(right)})",
    "tail8": lambda left, right: _tail(text(left) + text(right)),
    "remove_substring": lambda left, right: text(left).replace(text(right), "") if text(right) else text(left),
    "left": lambda left, right: left,
    "right": lambda left, right: right,
    "int_add": lambda left, right: integer(left) + integer(right),
    "int_sub": lambda left, right: integer(left) - integer(right),
    "int_max": lambda left, right: max(integer(left), integer(right)),
    "int_count": lambda left, right: integer(left) + 1,
    "int_uncount": lambda left, right: integer(left) - 1,
    "reset_on_a": lambda left, right: None if text(right).startswith("a") else _tail(text(left) + text(right)),
}
"""Joiners, adders, subtractors, reducers and mergers."""

KEY_SELECTORS: Mapping[str, Function] = {
    "key": lambda key, value: key,
    "value": lambda key, value: value,
    "value_first_char": lambda key, value: first_character(value),
    "const": lambda key, value: "all",
    "unwindow": lambda key, value: base(key),
    "unwindow_start": lambda key, value: f"{text(base(key))}@{key.start}",
}


def _null_special(key: Any, value: Any) -> tuple[Any, Any]:
    if key == "NULL":
        return None, None
    return (None if key == "null" else value), value


PAIR_MAPPERS: Mapping[str, Function] = {
    "identity": lambda key, value: (key, value),
    "value_value": lambda key, value: (value, value),
    "value_key": lambda key, value: (value, key),
    "value_keylen": lambda key, value: (value, len(text(key))),
    "valuechar_value": lambda key, value: (first_character(value), value),
    "valuechar_len": lambda key, value: (first_character(value), None if value is None else len(text(value))),
    "unwindow_value": lambda key, value: (base(key), value),
    "char0_char1": lambda key, value: (text(key)[0], text(key)[1]),
    "key_intvalue": lambda key, value: (key, integer(value)),
    "value_value_null_special": _null_special,
}

FLAT_MAPPERS: Mapping[str, Function] = {
    "identity": lambda key, value: [(key, value)],
    "key_then_value_key": lambda key, value: [(key, value), (value, value)],
    "char_keys": lambda key, value: [(character, value) for character in _characters(value)],
}


def _characters(value: Any) -> Iterable[str]:
    return () if value is None else text(value)


VALUE_MAPPERS: Mapping[str, Function] = {
    "identity": lambda key, value: value,
    "upper": lambda key, value: None if value is None else text(value).upper(),
    "len": lambda key, value: None if value is None else len(text(value)),
    "str": lambda key, value: text(value),
    "tail8": lambda key, value: None if value is None else _tail(value),
    "with_key": lambda key, value: None if value is None else f"{text(base(key))}:{text(value)}",
    "null_if_even_len": lambda key, value: None if value is None or len(text(value)) % 2 == 0 else value,
    "first_char_digit": lambda key, value: None if value is None else ord(text(value)[0]) - ord("0"),
}

FLAT_VALUE_MAPPERS: Mapping[str, Function] = {
    "twice": lambda key, value: [value, value],
    "chars": lambda key, value: list(_characters(value)),
}

PREDICATES: Mapping[str, Function] = {
    "value_not_null": lambda key, value: value is not None,
    "value_even": lambda key, value: value is not None and integer(value) % 2 == 0,
    "value_len_even": lambda key, value: value is not None and len(text(value)) % 2 == 0,
    "key_negative": lambda key, value: integer(key) < 0,
}

FOREIGN_KEYS: Mapping[str, Function] = {
    "value": lambda value: value,
    "value_first_char": first_character,
    "value_first_char_or_null_if_z": lambda value: None if first_character(value) == "z" else first_character(value),
    "pipe_second": lambda value: text(value).split("|")[1],
    "pipe_second_or_null_if_returnNull": lambda value: _unless_null(text(value).split("|")[1]),
    "always_null": lambda value: None,
}


def _unless_null(value: str) -> str | None:
    return None if value == "returnNull" else value


GLOBAL_MAPPERS: Mapping[str, Function] = {
    "key": lambda key, value: key,
    "value_first_char": lambda key, value: first_character(value),
    "csv_second_or_null": lambda key, value: next(iter(text(value).rstrip(",").split(",")[1:]), None),
    "null": lambda key, value: None,
}


def named(kind: str, functions: Mapping[str, Function], name: str) -> Function:
    """The function of `functions` called `name`; raises `UsageError` naming the `kind` when there is none."""
    if name not in functions:
        raise UsageError(f"no {kind} is called {name!r}: there are {', '.join(sorted(functions))}")
    return functions[name]


def combiner(name: str) -> Function:
    """Two scalars to one."""
    return named("combiner", COMBINERS, name)


def predicate(name: str) -> Function:
    """Key and value to a truth, also `key_mod_N_eq_0`, `value_lt_T` and `key_ne_T`."""
    if name.startswith("key_mod_") and name.endswith("_eq_0"):
        modulus = int(name.removeprefix("key_mod_").removesuffix("_eq_0"))
        return lambda key, value: _remainder(integer(key), modulus) == 0
    if name.startswith("value_lt_"):
        bound = name.removeprefix("value_lt_")
        return lambda key, value: value is not None and text(value) < bound
    if name.startswith("key_ne_"):
        other = name.removeprefix("key_ne_")
        return lambda key, value: text(base(key)) != other
    return named("predicate", PREDICATES, name)
