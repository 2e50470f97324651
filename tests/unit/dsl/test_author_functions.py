"""What is looked at in a function of the author, and what is said when it does not fit."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from msgspec import Struct

from streamapp import TopologyError
from streamapp.dsl.function import adapt, pair_type, return_type
from streamapp.dsl.place import where

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


class Order(Struct, frozen=True):
    """A value."""

    pence: int


class Refund(Order, frozen=True):
    """A narrower value."""


class Pricing:
    """Functions in other clothes."""

    def method(self, order: Order) -> int:
        """A method."""
        return order.pence

    def __call__(self, key: str, order: Order) -> int:
        """An object that is called."""
        return order.pence


def by_value(order: Order) -> int:
    """Takes a value."""
    return order.pence


def by_both(key: str, order: Order) -> int:
    """Takes a key and a value."""
    return order.pence


def with_default(order: Order, limit: int = 3) -> int:
    """Can do without its second parameter."""
    return limit


def with_options(order: Order, *, limit: int = 3) -> int:
    """Has an option that no step gives."""
    return limit


def of_any_number(*arguments: Any) -> int:
    """Takes what it is given."""
    return len(arguments)


def of_three(one: Any, two: Any, three: Any) -> int:
    """Takes too many."""
    return 3


@functools.wraps(by_value)
def wrapped(*arguments: Any, **options: Any) -> int:
    """A decorated function."""
    return by_value(*arguments, **options)


@pytest.mark.parametrize(
    ("function", "with_key"),
    [
        (by_value, False),
        (by_both, True),
        (with_default, False),
        (with_options, False),
        (of_any_number, False),
        (lambda value: value, False),
        (lambda key, value: value, True),
        (str, False),
        (Order, False),
        (Pricing().method, False),
        (Pricing(), True),
        (functools.partial(by_both, "key"), False),
        (functools.partial(of_three, 1), True),
        (wrapped, False),
        (str.upper, False),
    ],
)
def test_the_key_is_given_to_those_that_cannot_do_without(function: Callable[..., Any], with_key: bool) -> None:
    """A function of one argument gets the value, of two the key before it."""
    assert adapt("step", function, None, {"the value": None}).with_key is with_key


def test_a_joiner_takes_two_or_three() -> None:
    """The rule is the same for more arguments."""
    arguments = {"the value": None, "the row": None}
    assert not adapt("join", by_both, None, arguments).with_key
    assert adapt("join", of_three, None, arguments).with_key


async def asynchronous(order: Order) -> int:
    """No plain function."""
    return 1


async def asynchronous_generator(order: Order) -> AsyncIterator[int]:
    """No plain function."""
    yield 1


def generator(order: Order) -> Iterator[int]:
    """No plain function."""
    yield 1


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (
            of_three,
            "of_three (FILE) takes (one: 'Any', two: 'Any', three: 'Any') -> 'int': give a function of ",
        ),
        (lambda: 1, "<lambda> (FILE) takes (): give a function of the value, or of the key, the value"),
        (asynchronous, "asynchronous (FILE) is asynchronous or a generator: give a plain function"),
        (asynchronous_generator, "asynchronous_generator (FILE) is asynchronous or a generator"),
        (generator, "generator (FILE) is asynchronous or a generator"),
        ("upper", "'upper' is not a function: give one that takes the value"),
    ],
)
def test_what_cannot_be_called_is_refused(function: Any, problem: str) -> None:
    """The error names the step, the function with its file and line, and what to give instead."""
    with pytest.raises(TopologyError) as raised:
        adapt("map_values", function, None, {"the value": Order})
    place = f"{__file__}:{function.__code__.co_firstlineno}" if callable(function) else ""
    assert str(raised.value).startswith(f"map_values: {problem.replace('FILE', place)}")


def test_a_parameter_of_another_class_is_refused() -> None:
    """Types that can never fit are found without mypy."""
    with pytest.raises(TopologyError) as raised:
        adapt("filter", by_value, None, {"the value": str})
    line = by_value.__code__.co_firstlineno
    assert str(raised.value) == (
        f"filter: by_value ({__file__}:{line}) takes the value as Order, but here it is str: "
        "give a function of that type, or map to the other in a step before"
    )
    with pytest.raises(TopologyError, match="takes the key as str, but here it is int"):
        adapt("filter", by_both, int, {"the value": Order})


def of_decimal(value: Decimal) -> Decimal:
    """Its types are known to type checkers alone."""
    return value


def of_number(value: float) -> float:
    """A whole number will do too."""
    return value


@pytest.mark.parametrize(
    ("function", "type_"),
    [
        (by_value, Order),
        (by_value, Refund),
        (by_value, None),
        (by_value, Any),
        (by_value, Order | None),
        (by_value, Order | str),
        (of_number, int),
        (of_decimal, Order),
        (lambda value: value, Order),
    ],
)
def test_a_parameter_that_may_fit_is_taken(function: Callable[..., Any], type_: Any) -> None:
    """Only what can be ruled out is."""
    adapt("filter", function, None, {"the value": type_})


def optional(order: Order) -> Order | None:
    """May give nothing."""
    return None


def generic(value: T) -> T:
    """Gives what it gets."""
    return value


def plain_dict(order: Order) -> dict[str, int]:
    """Gives a dict."""
    return {}


def no_answer(order: Order) -> None:
    """Gives nothing."""


@pytest.mark.parametrize(
    ("function", "type_"),
    [
        (by_value, int),
        (wrapped, int),
        (Pricing(), int),
        (Pricing().method, int),
        (functools.partial(by_both, "key"), int),
        (Order, Order),
        (dict, dict),
        (dict[str, int], dict[str, int]),
        (plain_dict, dict[str, int]),
        (optional, Order),
        (generic, None),
        (no_answer, None),
        (lambda value: value, None),
        (str.upper, None),
    ],
)
def test_the_return_type_is_found(function: Callable[..., Any], type_: Any) -> None:
    """A class gives itself; None is no type of its own; without annotation nothing is known."""
    assert return_type("step", function) == type_


def test_a_type_of_the_enclosing_function_is_found() -> None:
    """A value class need not be global."""

    class Local(Struct):
        """A value of this test."""

    def make(order: Order) -> Local:
        return Local()

    assert return_type("step", make) is Local


def test_a_return_type_for_type_checkers_alone_is_refused() -> None:
    """Records are decoded by it, so it must be there."""
    with pytest.raises(TopologyError, match=r"map_values: what of_decimal \(.*\) returns .* 'Decimal' is not defined"):
        return_type("map_values", of_decimal)


def pair(order: Order) -> tuple[str, Order]:
    """A pair."""
    return "key", order


def triple(order: Order) -> tuple[str, str, Order]:
    """No pair."""
    return "key", "key", order


def many(order: Order) -> tuple[str, ...]:
    """No pair."""
    return ("key",)


def some_tuple(order: Order) -> tuple:  # type: ignore[type-arg]  # what is tested
    """Perhaps a pair."""
    return "key", order


def test_the_types_of_a_pair_are_found() -> None:
    """They become those of the key and the value."""
    assert pair_type("map", pair) == (str, Order)
    assert pair_type("map", lambda order: (1, order)) == (None, None)
    assert pair_type("map", some_tuple) == (None, None)


@pytest.mark.parametrize("function", [triple, many, by_value])
def test_what_is_no_pair_is_refused(function: Callable[..., Any]) -> None:
    """`map` gives a key and a value."""
    with pytest.raises(TopologyError, match=r"map: \w+ \(.*\) returns .*: give a function that returns \(key, value\)"):
        pair_type("map", function)


def test_where_things_are() -> None:
    """Names without what they are nested in; a module where there is no line."""
    line = by_value.__code__.co_firstlineno
    assert where(by_value) == f"by_value ({__file__}:{line})"
    assert where(functools.partial(by_value)) == f"by_value ({__file__}:{line})"
    assert where(wrapped) == f"by_value ({__file__}:{line})"
    assert where(Order) == f"Order ({__file__})"
    assert where(Pricing()).startswith(f"Pricing ({__file__}:")
    assert where(str.upper) == "str.upper (builtins)"
    assert where(len) == "len (builtins)"
