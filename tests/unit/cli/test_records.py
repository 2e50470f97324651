"""The JSON lines of `produce` and `consume`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp.cli.records import json_line, read_line
from streamapp.cli.topic_keys import shown_session, shown_window
from streamapp.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"zażółć"', "zażółć".encode()),
        ('"123"', b"123"),
        ('""', b""),
        ("null", None),
        ("123", b"123"),
        ("1.10", b"1.10"),
        ("true", b"true"),
        ('{"a":  1.50}', b'{"a":  1.50}'),
        ("[1, 2]", b"[1, 2]"),
        ('{"base64": "/wA="}', b"\xff\x00"),
        ('{"base64": "/wA=", "more": 1}', b'{"base64": "/wA=", "more": 1}'),
    ],
)
def test_what_is_typed_is_what_is_written(text: str, value: bytes | None) -> None:
    """Text goes out as its bytes, base64 as the bytes it stands for, other JSON exactly as it was typed."""
    assert read_line(f'{{"key": {text}, "value": {text}}}'.encode(), 1)[1:] == (value, value)


def test_all_fields_are_optional() -> None:
    """An empty object is a record with null key and value."""
    line, key, value = read_line(b"{}", 1)
    assert (key, value, line.partition, line.timestamp, line.header_bytes) == (None, None, None, None, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "malformed"),
        ("[1]", "Expected `object`, got `array`"),
        ('{"vlaue": 1}', "unknown field `vlaue`"),
        ('{"partition": "0"}', r"Expected `int \| null`, got `str` - at `\$.partition`"),
        ('{"timestamp": -1}', r"Expected `int` >= 0 - at `\$.timestamp`"),
        ('{"headers": [["a"]]}', r"\$.headers"),
        ('{"value": {"base64": "é"}', "line 7"),
    ],
)
def test_a_bad_line_names_its_number_and_reason(text: str, reason: str) -> None:
    """Wrong input is named so that it can be found and corrected."""
    with pytest.raises(UsageError, match=rf"line 7: .*{reason}|{reason}") as raised:
        read_line(text.encode(), 7)
    assert str(raised.value).startswith("line 7: ")


_bytes = st.none() | st.binary(max_size=8) | st.text(max_size=4).map(str.encode)


@given(_bytes, _bytes, st.lists(st.tuples(st.text(max_size=3), _bytes), max_size=2).map(tuple))
def test_what_consume_prints_produce_writes_back(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> None:
    """A line survives the way out and in, whatever the bytes."""
    text = json_line("t", 3, (5, 1000, key, value, headers))
    line, key_again, value_again = read_line(text, 1)
    assert (key_again, value_again, line.header_bytes) == (key, value, headers)
    assert (line.topic, line.partition, line.offset, line.timestamp) == ("t", 3, 5, 1000)


def test_a_windowed_key_is_shown_with_start_and_end() -> None:
    """Key bytes and 8-byte start, as Kafka's serialisers write them; the end follows from the size."""
    key = b"UK" + (3_600_000).to_bytes(8, "big")
    text = json_line("t", 0, (0, 0, key, b"1", ()), shown_window(60_000))
    assert json.loads(text)["key"] == {"key": "UK", "start": 3_600_000, "end": 3_660_000}
    assert shown_window(None)(key)["end"] is None
    assert shown_window(1)(b"short") == "short"
    assert shown_window(1)(None) is None


def test_the_key_of_a_session_is_shown_with_both_ends() -> None:
    """Key bytes, 8-byte end, 8-byte start, as Kafka's SessionWindowedSerializer writes them."""
    key = b"UK" + (3_000).to_bytes(8, "big") + (1_000).to_bytes(8, "big")
    assert shown_session(key) == {"key": "UK", "start": 1_000, "end": 3_000}
    assert shown_session(b"short") == "short"
    assert shown_session(None) is None
