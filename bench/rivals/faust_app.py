"""The workloads in stock Faust, which has no joins of streams, no sessions and no grace.

W5 looks up a table that a second agent fills meanwhile: an agent that waited for it would block the other topic too.
Runs in Faust's own environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import faust
from contract import First, arguments

OPTIONS = arguments()
FIRST = First()
Path(OPTIONS.state_dir).mkdir(parents=True, exist_ok=True)
app = faust.App(
    OPTIONS.app_id,
    broker=f"kafka://{OPTIONS.bootstrap}",
    store="rocksdb://",
    datadir=OPTIONS.state_dir,
    topic_partitions=4,
    topic_replication_factor=1,
    web_enabled=False,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=1.0,
    value_serializer="json",
)
KINDS = {"key_type": str, "key_serializer": "raw", "value_serializer": "json"}
source = app.topic(OPTIONS.input, **KINDS)
sink = app.topic(OPTIONS.output, **KINDS)


async def w1(stream):
    """Keeps the important events."""
    async for event in stream.events():
        FIRST()
        if event.value["important"]:
            await sink.send(key=event.key, value=event.value, timestamp=event.message.timestamp)


async def w2(stream):
    """Counts by key."""
    async for event in stream.events():
        FIRST()
        counts[event.key] = n = counts[event.key] + 1
        value = {"key": event.key, "count": n}
        await sink.send(key=event.key, value=value, timestamp=event.message.timestamp)


async def w3(stream):
    """Counts by key and minute."""
    async for event in stream.events():
        FIRST()
        key, timestamp = event.key, event.message.timestamp
        minutes[key] += 1
        start = int(timestamp // 60 * 60_000)
        value = {"key": key, "start": start, "end": start + 60_000, "count": minutes[key].value()}
        await sink.send(key=key, value=value, timestamp=timestamp)


def sku(value):
    """The new key of W4."""
    FIRST()
    return value["sku"]


async def w4(stream):
    """Counts by article."""
    async for event in stream.group_by(sku, name=f"{OPTIONS.app_id}-by-sku", partitions=4).events():
        key = event.value["sku"]
        counts[key] = n = counts[key] + 1
        await sink.send(key=key, value={"key": key, "count": n}, timestamp=event.message.timestamp)


async def fill(stream):
    """Keeps the users."""
    async for key, user in stream.items():
        users[key] = user


async def w5(stream):
    """Adds the user, or nothing while it is not known."""
    async for event in stream.events():
        FIRST()
        value, user = event.value, users.get(event.key) or {}
        result = {name: value[name] for name in ("event_id", "user_id", "type", "amount", "ts", "sku")}
        result |= {name: user.get(name) for name in ("name", "tier", "city")}
        await sink.send(key=event.key, value=result, timestamp=event.message.timestamp)


if OPTIONS.workload in {"W2", "W4"}:
    counts = app.Table("counts", default=int, partitions=4)
elif OPTIONS.workload == "W3":
    minutes = app.Table("minutes", default=int, partitions=4).tumbling(60.0)
elif OPTIONS.workload == "W5":
    users = app.Table("users", partitions=4)
    app.agent(app.topic(OPTIONS.table, **KINDS))(fill)
app.agent(source)({"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5}[OPTIONS.workload])

sys.argv = ["faust", "worker", "-l", "warn", "--without-web"]
app.main()
