"""Keys of windows and sessions on topics: their bytes are Kafka's, and what they lack the type tells."""

from __future__ import annotations

import pytest

from streamapp import Session, Topic, Topology, TopologyError, Windowed, hopping, session, stream
from streamapp.engine.plan import plan
from streamapp.formats import codec_for

IN = Topic("in", key=str, value=int)


def number(value: int) -> bytes:
    """8 bytes, big-endian."""
    return value.to_bytes(8, "big")


def test_a_session_has_its_end_before_its_start() -> None:
    """As SessionWindowedSerializer writes it."""
    codec = codec_for(Session[str])
    assert codec.encode(Session("a", 1, 3)) == b"a" + number(3) + number(1)
    assert codec.decode(b"a" + number(3) + number(1)) == Session("a", 1, 3)
    with pytest.raises(ValueError, match=r"at least 16 bytes, this one has 3"):
        codec.decode(b"abc")


def test_the_size_of_windows_travels_with_the_type() -> None:
    """So that a key that comes back from a repartition topic has its end again."""
    counts = stream(IN).group_by_key().windowed_by(hopping(20, advance=10)).count("counts").to_stream()
    again = counts.repartition("again")
    codec = codec_for(again.node.key)
    assert codec.decode(codec.encode(Windowed("a", 10, 30))) == Windowed("a", 10, 30)
    assert codec_for(Windowed[str]).decode(b"a" + number(10)).end == 2**63 - 1


def test_all_windows_of_a_key_go_to_one_partition() -> None:
    """Only the bytes of the key inside decide."""
    grouped = stream(IN).group_by_key()
    windows = grouped.windowed_by(hopping(20, advance=10)).count("counts").to_stream()
    sessions = grouped.windowed_by(session(20)).count("sessions").to_stream()
    topology = Topology(
        "t",
        windows.to(Topic("windows", key=Windowed[str], value=int)),
        sessions.to(Topic("sessions", key=Session[str], value=int)),
        windows.select_key(lambda key, count: key.key, key=str).to(Topic("plain", key=str, value=int)),
    )
    routed = {sink.topic: sink.partition_bytes for sink in plan(topology, codec_for).subtopologies[0].sinks}
    assert routed["windows"] is not None
    assert routed["windows"](b"a" + number(1)) == b"a"
    assert routed["sessions"] is not None
    assert routed["sessions"](b"a" + number(3) + number(1)) == b"a"
    assert routed["plain"] is None


def test_sessions_are_not_written_as_windows() -> None:
    """Their end would be lost."""
    sessions = stream(IN).group_by_key().windowed_by(session(20)).count("sessions").to_stream()
    with pytest.raises(TopologyError, match=r"keys are .*Session\[str\], the topic's are .*Windowed\[str\]"):
        sessions.to(Topic("windows", key=Windowed[str], value=int))  # type: ignore[arg-type]  # what is tested
