"""Values to bytes and back, and what each format refuses."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import BuiltinFunctionType, MethodDescriptorType
from typing import Annotated, Any, Literal, NewType, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import TopologyError, Windowed
from streamapp.dsl.format import Codec
from streamapp.formats import codec_for, dynamic, json, raw, text


class Line(msgspec.Struct, frozen=True):
    """A part of a value."""

    sku: str
    quantity: int


class Order(msgspec.Struct, frozen=True):
    """A value that cannot change."""

    order_id: str
    lines: tuple[Line, ...]
    note: str | None = None


class Basket(msgspec.Struct, frozen=True):
    """Frozen, but for its list."""

    lines: list[Line]


class Open(msgspec.Struct):
    """A value that can change."""

    count: int


class OpenTagged(msgspec.Struct, tag=True):
    """A value that can change, as one of two."""

    count: int


class Holder(msgspec.Struct, frozen=True):
    """Frozen, but for its part."""

    inside: Open


class Tree(msgspec.Struct, frozen=True):
    """A value that holds its like."""

    children: tuple[Tree, ...] = ()


class Paid(msgspec.Struct, frozen=True, tag=True):
    """One of two."""

    pence: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The other of two."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Point:
    """A frozen dataclass."""

    x: float
    y: float


@dataclasses.dataclass
class OpenPoint:
    """An open dataclass."""

    x: float


class Colour(enum.Enum):
    """One of a few."""

    RED = "red"


class Alien:
    """What no format knows."""


class AlienHolder(msgspec.Struct, frozen=True):
    """Holds what no format knows."""

    alien: Alien


UserId = NewType("UserId", str)
T = TypeVar("T")

VALUES: list[tuple[Any, Any, bytes]] = [
    (str, "ä", b"\xc3\xa4"),
    (UserId, "ada", b"ada"),
    (str | None, "ada", b"ada"),
    (Annotated[str, "a name"], "ada", b"ada"),
    (bytes, b"\x00\xff", b"\x00\xff"),
    (int, 10**30, b"1000000000000000000000000000000"),
    (int | None, 1, b"1"),
    (bool, True, b"true"),
    (float, 1.5, b"1.5"),
    (Order, Order("o", (Line("s", 2),)), b'{"order_id":"o","lines":[{"sku":"s","quantity":2}],"note":null}'),
    (Paid | Failed, Failed("no"), b'{"type":"Failed","reason":"no"}'),
    (Point, Point(1, 2.5), b'{"x":1,"y":2.5}'),
    (dict, {"a": [1, None]}, b'{"a":[1,null]}'),
    (list, [1], b"[1]"),
    (dict[str, int], {"a": 1}, b'{"a":1}'),
    (tuple[str, int], ("a", 1), b'["a",1]'),
    (Colour, Colour.RED, b'"red"'),
    (Literal["a", "b"], "a", b'"a"'),
    (Decimal, Decimal("2.50"), b'"2.50"'),
    (datetime, datetime(2011, 12, 9, tzinfo=UTC), b'"2011-12-09T00:00:00Z"'),
    (uuid.UUID, uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
    (Tree, Tree((Tree(),)), b'{"children":[{"children":[]}]}'),
]


@pytest.mark.parametrize(("type_", "value", "data"), VALUES)
def test_values_come_back(type_: Any, value: Any, data: bytes) -> None:
    """As what they were, by the default format of their type."""
    codec = codec_for(type_)
    assert codec.encode(value) == data
    decoded = codec.decode(data)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (str, b"\xff"),
        (int, b"1.5"),
        (int, b""),
        (Order, b'{"order_id":"o"}'),
        (Order, b'{"order_id":1,"lines":[]}'),
        (Paid | Failed, b'{"type":"Other"}'),
        (dict, b"{"),
        (Windowed[str], b"1234567"),
    ],
)
def test_what_does_not_decode_raises_a_value_error(type_: Any, data: bytes) -> None:
    """Whatever the format: msgspec's errors are value errors too."""
    with pytest.raises(ValueError, match=r".+"):
        codec_for(type_).decode(data)


@pytest.mark.parametrize("type_", [str, bytes, int, Order, Paid | Failed, dict, Point])
def test_nothing_of_ours_runs_per_record(type_: Any) -> None:
    """Encoding and decoding are functions written in C: this is the hot path."""
    codec = codec_for(type_)
    for function in (codec.encode, codec.decode):
        assert isinstance(function, BuiltinFunctionType | MethodDescriptorType) or (function == bytes.__bytes__)


@pytest.mark.parametrize(
    ("type_", "immutable"),
    [
        (str, True),
        (bytes, True),
        (int, True),
        (float, True),
        (bool, True),
        (Order, True),
        (Paid | Failed, True),
        (Point, True),
        (Tree, True),
        (Colour, True),
        (datetime, True),
        (Decimal, True),
        (tuple[str, int], True),
        (tuple[Line, ...], True),
        (frozenset[str], True),
        (Windowed[str], True),
        (Basket, False),
        (Holder, False),
        (Open, False),
        (OpenPoint, False),
        (Paid | OpenTagged, False),
        (tuple[list[int], int], False),
        (tuple, False),
        (dict, False),
        (list, False),
        (dict[str, int], False),
        (set[int], False),
        (None, False),
        (Windowed, False),
    ],
)
def test_what_cannot_change_is_known(type_: Any, immutable: bool) -> None:
    """A store hands out the same object twice only if no part of it can change."""
    assert codec_for(type_).immutable is immutable


@pytest.mark.parametrize(("type_", "total"), [(int, int), (bool, bool), (bytes, bytes), (Order, None)])
def test_what_always_encodes_is_known(type_: Any, total: type | None) -> None:
    """Only of these may a store put off the encoding."""
    assert codec_for(type_).total is total


def test_encoding_can_fail() -> None:
    """So these are not total."""
    with pytest.raises(UnicodeEncodeError):
        codec_for(str).encode("\ud800")
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="is not a number JSON can hold"):
            codec_for(float).encode(number)
    with pytest.raises(TypeError):
        codec_for(bytes).encode(5)
    with pytest.raises(TypeError):
        codec_for(str).encode(5)


@pytest.mark.parametrize(
    ("type_", "format_", "problem"),
    [
        (int, text, "text cannot hold int: use str, or another format"),
        (str, raw, "raw cannot hold str: use bytes, or another format"),
        (Alien, json, "json cannot hold Alien: make it a frozen msgspec.Struct or dataclass"),
        (Alien, None, "json cannot hold Alien: "),
        (AlienHolder, None, "json cannot hold Alien in AlienHolder: "),
        (dict[str, Alien], None, r"json cannot hold Alien in dict\[str, .*Alien\]: "),
        (Order | Line, None, "json cannot hold .*Order | .*Line: .* must be tagged"),
        (complex, None, "json cannot hold complex: "),
        (Windowed[Alien], None, "json cannot hold Alien: "),
    ],
)
def test_types_a_format_cannot_hold_are_refused(type_: Any, format_: Any, problem: str) -> None:
    """When the codec is made, not when the first record comes."""
    with pytest.raises(TopologyError, match=problem):
        codec_for(type_, format_)


def test_a_given_format_wins() -> None:
    """Text as JSON has quotes."""
    assert codec_for(str, json).encode("a") == b'"a"'
    assert codec_for(Windowed[str], json).encode(Windowed("a", 1, 2)) == b'"a"' + bytes(7) + b"\x01"
    assert [repr(format_) for format_ in (json, text, raw, dynamic)] == ["json", "text", "raw", "dynamic"]


@pytest.mark.parametrize("type_", [None, Any, object, type(None), T])
def test_unknown_types_are_dynamic(type_: Any) -> None:
    """Of which nothing is known, anything may come."""
    codec = codec_for(type_)
    assert codec.encode("text") == b"text"
    assert codec.encode(1) == b"\x001"


def keys() -> st.SearchStrategy[Any]:
    """What functions without annotation return as keys, and as values."""
    flat = st.one_of(
        st.text(),
        st.integers(-(2**63), 2**63 - 1),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False),
    )
    return st.one_of(
        flat,
        st.text().map(lambda rest: "\x00" + rest),
        st.text().map(lambda rest: "\x01" + rest),
        st.tuples(flat, flat),
        st.lists(flat),
        st.dictionaries(st.text(), flat),
    )


@given(keys())
def test_dynamic_values_come_back(value: Any) -> None:
    """As what they were, in value and type."""
    codec = codec_for(None)
    decoded = codec.decode(codec.encode(value))
    assert decoded == value
    assert type(decoded) is type(value)


@given(keys(), keys())
def test_dynamic_values_are_told_apart(one: Any, other: Any) -> None:
    """Different keys have different bytes."""
    codec = codec_for(None)
    if codec.encode(one) == codec.encode(other):
        assert one == other
        assert type(one) is type(other)


@given(st.text().filter(lambda value: not value.startswith(("\x00", "\x01"))))
def test_dynamic_text_is_text(value: str) -> None:
    """So it goes to the partition where text goes."""
    assert codec_for(None).encode(value) == codec_for(str).encode(value)


@pytest.mark.parametrize(
    "value",
    [Order("o", ()), Point(1, 2), Colour.RED, datetime(2011, 12, 9, tzinfo=UTC), b"bytes", uuid.UUID(int=1)],
)
def test_dynamic_refuses_what_would_come_back_as_something_else(value: Any) -> None:
    """The error says how to tell the type."""
    with pytest.raises(TypeError, match=f"a {type(value).__name__} of unknown type cannot be stored: annotate"):
        codec_for(None).encode(value)


@pytest.mark.parametrize("value", [float("nan"), {"inside": Point(1, 2)}, 2**64])
def test_dynamic_refuses_what_json_cannot_hold(value: Any) -> None:
    """Rather than store something else."""
    with pytest.raises((TypeError, ValueError)):
        codec_for(None).encode(value)


@given(st.text(), st.integers(0, 2**62), st.integers(1, 2**40))
def test_windowed_keys_come_back(key: str, start: int, size: int) -> None:
    """Key bytes, then the start in eight; the end is known by the size."""
    codec: Codec[Windowed[str]] = codec_for(Windowed[str], size=size)
    windowed = Windowed(key, start, start + size)
    assert codec.encode(windowed) == key.encode() + start.to_bytes(8, "big")
    assert codec.decode(codec.encode(windowed)) == windowed


def test_a_window_of_unknown_size_has_no_end() -> None:
    """As in Kafka, whose deserializer without a size gives the largest time there is."""
    assert codec_for(Windowed[str]).decode(b"a" + bytes(8)) == Windowed("a", 0, 2**63 - 1)
    assert codec_for(Windowed[str], size=10).decode(b"a" + b"\x7f" + b"\xff" * 7).end == 2**63 - 1


def test_a_windowed_key_of_unknown_type_is_dynamic() -> None:
    """The key inside may be anything."""
    codec = codec_for(Windowed, size=10)
    for key in ("text", 5, ("a", 1)):
        assert codec.decode(codec.encode(Windowed(key, 0, 10))) == Windowed(key, 0, 10)


def test_mappings_are_json_objects() -> None:
    """An abstract type decodes to the plain one."""
    assert codec_for(Mapping[str, int]).decode(b'{"a":1}') == {"a": 1}
