"""A table's source topic, read as its log."""

from __future__ import annotations

from streamapp.engine.source_log import stored
from streamapp.formats import codec_for

KEY, VALUE = codec_for(list[int]), codec_for(dict[str, int])


def test_equal_keys_in_other_bytes_are_one_row() -> None:
    """A restored row must not stand beside the one that processing the same record would have written."""
    assert stored((7, 1, b"[1, 2]", b'{ "a":1}', ()), KEY, VALUE) == (7, 1, b"[1,2]", b'{"a":1}', ())


def test_a_deletion_stays_one() -> None:
    """A null value has nothing to decode."""
    assert stored((7, 1, b"[1]", None, ()), KEY, VALUE) == (7, 1, b"[1]", None, ())


def test_what_a_table_does_not_take_is_left_out() -> None:
    """A null key is dropped, and what cannot be decoded went to the dead letters."""
    assert stored((7, 1, None, b"{}", ()), KEY, VALUE) is None
    assert stored((7, 1, b"[1", b"{}", ()), KEY, VALUE) is None
    assert stored((7, 1, b"[1]", b"[]", ()), KEY, VALUE) is None
