"""Keys with windows in them, as `consume` prints them."""

from __future__ import annotations

import pytest

from streamapp import Session, Topic, Topology, Windowed, session, sliding, stream, table, tumbling
from streamapp.cli.topic_keys import topic_keys
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from tests.unit import everything

IN = Topic("in", key=str, value=int)
grouped = stream(IN).group_by_key()
windows = grouped.windowed_by(tumbling(10)).count("tumbling").to_stream()
TOPOLOGY = Topology(
    "shop",
    windows.to(Topic("t", key=Windowed[str], value=int)),
    windows.repartition("again").to(Topic("t", key=Windowed[str], value=int)),
    grouped.windowed_by(sliding(20)).count("sliding").to_stream().to(Topic("s", key=Windowed[str], value=int)),
    grouped.windowed_by(session(5)).count("sessions").to_stream().to(Topic("u", key=Session[str], value=int)),
    table(Topic("foreign", key=Windowed[str], value=int), "foreign"),
    windows.map(lambda key, value: (key.key, value)).to(Topic("plain", key=str, value=int)),
)

START, END = (10).to_bytes(8, "big"), (15).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("topic", "data", "start", "end"),
    [
        ("t", b"a" + START, 10, 20),
        ("s", b"a" + START, 10, 30),
        ("u", b"a" + END + START, 10, 15),
        ("foreign", b"a" + START, 10, None),
        ("app-shop-tumbling-changelog", b"a" + START, 10, 20),
        ("app-shop-again-repartition", b"a" + START, 10, 20),
    ],
)
def test_keys_that_kafka_serialisers_write(topic: str, data: bytes, start: int, end: int | None) -> None:
    """Key and start, or key, end and start; the end of a time window as far as somebody tells its size."""
    show = topic_keys([TOPOLOGY], "app")[topic]
    assert show(data) == {"key": "a", "start": start, "end": end}
    assert show(None) is None
    assert show(b"short") == "short"


def test_keys_without_windows_are_left_alone() -> None:
    """Topics of other keys are not in it."""
    assert {"in", "plain"}.isdisjoint(topic_keys([TOPOLOGY], "app"))


@pytest.mark.parametrize(
    ("store", "key", "shown"),
    [
        ("per-minute", None, {"key": "a\0b", "start": 60_000, "end": 120_000}),
        ("slides", ("a\0b", 60_000), {"key": "a\0b", "start": 60_000, "end": 120_000}),
        ("visits", ("a\0b", 90_000, 60_000), {"key": "a\0b", "start": 60_000, "end": 90_000}),
        ("busy", Windowed("a\0b", 60_000, 0), {"key": "a\0b", "start": 60_000, "end": 120_000}),
        ("long-visits", Session("a\0b", 60_000, 90_000), {"key": "a\0b", "start": 60_000, "end": 90_000}),
        ("own-minutes", None, {"key": "a\0b", "start": 60_000, "end": 120_000}),
    ],
)
def test_changelogs_of_windows(store: str, key: object, shown: object) -> None:
    """Written by the store's own codec, whatever its layout."""
    (spec,) = (one for one in plan(everything.TOPOLOGY, codec_for).stores if one.name == store)
    data = b"a\0b" + (60_000).to_bytes(8, "big") if key is None else spec.key.encode(key)
    assert topic_keys([everything.TOPOLOGY], "app")[f"app-everything-{store}-changelog"](data) == shown


def test_the_changelog_of_a_history_has_its_times() -> None:
    """Key, and the time from which the value holds."""
    from streamapp.engine.ordered import TIME, key_part, ordered

    data = ordered(key_part(codec_for(str)), TIME).encode(("eur", 60_000))
    show = topic_keys([everything.TOPOLOGY], "app")["app-everything-rates-changelog"]
    assert show(data) == {"key": "eur", "time": 60_000}
    assert show(b"\0") == "\0"
