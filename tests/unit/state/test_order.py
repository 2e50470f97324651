"""Keys in order while their owner adds and removes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamapp.state.order import SortedKeys

KEYS = st.binary(max_size=2)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "between", "seek", "clear"]), KEYS, KEYS), max_size=200)


@given(STEPS)
def test_is_as_sorting_them_each_time(steps: list[tuple[str, bytes, bytes]]) -> None:
    """Only new keys are told of; one may be told of twice, go and come back."""
    live: dict[bytes, int] = {}
    order = SortedKeys(live)
    for step, key, other in steps:
        if step == "add":
            order.add(key)
            live[key] = 1
        elif step == "remove":
            live.pop(key, None)
        elif step == "between":
            assert order.between(key, other) == [one for one in sorted(live) if key <= one < other]
        elif step == "seek":
            assert order.seek(key) == min((one for one in live if one >= key), default=None)
        elif key == b"":
            live.clear()
            order.clear()
    assert order.between(b"", None) == sorted(live)
