"""Topologies whose state is kept otherwise than usual, and that begin elsewhere than at the start."""

from __future__ import annotations

import asyncio
import os

from streamapp import Materialized, Table, Topic, Topology, Windowed, stream, tumbling

SUFFIX = os.environ.get("PIPELINE_SUFFIX", "")
"""Keeps the topics of tests that share a broker apart."""

READINGS = Topic(f"readings{SUFFIX}", key=str, value=str)
TOTALS = Topic(f"totals{SUFFIX}", key=Windowed[str], value=int)


def counted(name: str) -> Table[str, int]:
    """How many readings each key has."""
    return stream(READINGS).group_by_key().count(name)


async def ask(reading: str) -> str:
    """A service that takes 20 ms, and refuses one reading."""
    await asyncio.sleep(0.02)
    if reading == "refused":
        raise ValueError("no such reading")
    return reading


closed = stream(READINGS).group_by_key().windowed_by(tumbling(100)).count("closed-windows", emit="close")

TOPOLOGIES = (
    Topology(
        "memory",
        counted("in-memory"),
        stores={"in-memory": Materialized(in_memory=True, topic_config={"segment.bytes": "1048576"})},
    ),
    Topology("lossy", counted("lossy-count"), stores={"lossy-count": Materialized(changelog=False)}),
    Topology("newest", stream(READINGS, reset="latest").group_by_key().count("newest-count")),
    Topology("cautious", stream(READINGS, reset="none").group_by_key().count("cautious-count")),
    Topology("quiet", closed.to_stream().to(TOTALS), idle_timeout_ms=300),
    Topology("asking", stream(READINGS).process_async(ask, concurrency=4).group_by_key().count("asked-count")),
    Topology("mortal", stream(READINGS).group_by_key().count("mortal-count", ttl=1_000)),
)
