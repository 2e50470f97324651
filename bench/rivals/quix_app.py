"""The workloads in Quix Streams, which has no sessions. Runs in Quix's own environment."""

from __future__ import annotations

from datetime import timedelta

from contract import First, arguments
from quixstreams import Application

OPTIONS = arguments()
FIRST = First()
app = Application(
    broker_address=OPTIONS.bootstrap,
    consumer_group=OPTIONS.app_id,
    auto_offset_reset="earliest",
    commit_interval=1.0,
    state_dir=OPTIONS.state_dir,
    loglevel="WARNING",
    on_message_processed=lambda *_: FIRST(),
)
KINDS = {"value_deserializer": "json", "key_deserializer": "str"}
topics = [app.topic(name, **KINDS) for name in OPTIONS.input.split(",")]
sink = app.topic(OPTIONS.output, value_serializer="json", key_serializer="str")
events = app.dataframe(topics[0])
FIVE = timedelta(minutes=5)


def count(value, key, timestamp, headers, state):
    """One more event of the key."""
    n = state.get("count", 0) + 1
    state.set("count", n)
    return {"key": key, "count": n}


def enrich(event, user):
    """The event and who did it."""
    result = {name: event[name] for name in ("event_id", "user_id", "type", "amount", "ts", "sku")}
    return result | {name: user[name] for name in ("name", "tier", "city")}


def paid(order, payment):
    """The order and its payment."""
    result = {name: order[name] for name in ("order_id", "user_id", "amount")}
    return result | {name: payment[name] for name in ("paid", "method")}


def built():
    """The data frame of the workload."""
    if OPTIONS.workload == "W1":
        return events.filter(lambda event: event["important"])
    if OPTIONS.workload == "W2":
        return events.apply(count, stateful=True, metadata=True)
    if OPTIONS.workload == "W3":
        return events.tumbling_window(timedelta(minutes=1), grace_ms=timedelta(seconds=30)).count().current()
    if OPTIONS.workload == "W4":
        return events.group_by("sku").apply(count, stateful=True, metadata=True)
    if OPTIONS.workload == "W5":
        users = app.dataframe(app.topic(OPTIONS.table, **KINDS))
        return events.join_asof(users, how="inner", on_merge=enrich)
    window = {"backward_ms": FIVE, "forward_ms": FIVE, "grace_ms": timedelta(minutes=6)}
    return events.join_interval(app.dataframe(topics[1]), how="inner", on_merge=paid, **window)


built().to_topic(sink)
app.run()
