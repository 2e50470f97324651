"""Makes the nodes with which streams and tables begin. Knows nothing of how topics are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from streamapp.dsl.function import adapt
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Function, Reset, Source, StoreOptions, TableSource
from streamapp.dsl.place import author_line
from streamapp.dsl.topic import Topic, TopicPattern, checked_topic
from streamapp.dsl.types import name_of, plain
from streamapp.errors import TopologyError


def source_of(topic: object, others: tuple[object, ...], timestamp: Callable[..., Any] | None, reset: Reset) -> Source:
    """Reads a topic, several topics of one type, or all that match a pattern."""
    if reset not in get_args(Reset):
        raise TopologyError(f"stream at {author_line()}: reset={reset!r}: give 'earliest', 'latest' or 'none'")
    if isinstance(topic, TopicPattern):
        if others:
            raise TopologyError(
                f"stream at {author_line()}: a pattern and {len(others)} more: give the pattern alone, and merge"
            )
        return Source(
            parents=(),
            key=topic.key,
            value=topic.value,
            topics=(),
            pattern=topic,
            extractor=_extractor("stream", topic.key, topic.value, timestamp),
            reset=reset,
        )
    first = checked_topic("stream", topic)
    topics = (first, *(checked_topic("stream", other) for other in others))
    for other in topics[1:]:
        for part, one, two in (("keys", first.key, other.key), ("values", first.value, other.value)):
            if plain(one) != plain(two):
                raise TopologyError(
                    f"stream at {author_line()}: the {part} of {first.name!r} are {name_of(plain(one))}, those of "
                    f"{other.name!r} {name_of(plain(two))}: give topics of one type, or map and merge two streams"
                )
    extractor = _extractor("stream", first.key, first.value, timestamp)
    return Source(parents=(), key=first.key, value=first.value, topics=topics, extractor=extractor, reset=reset)


def table_source_of(
    topic: Topic[Any, Any],
    name: str,
    *,
    history: int | None,
    ttl: int | None,
    timestamp: Callable[..., Any] | None,
    materialized: bool,
) -> TableSource:
    """Reads a topic as a table."""
    checked_topic("table", topic)
    checked("table", name)
    if history is not None and history < 0:
        raise TopologyError(f"table {name!r} at {author_line()}: history={history} ms: give 0 or more")
    if history is not None and ttl is not None:
        raise TopologyError(
            f"table {name!r} at {author_line()} has a history and a ttl: give a history to look back, or a ttl to "
            "forget rows"
        )
    return TableSource(
        parents=(),
        key=topic.key,
        value=topic.value,
        name=name,
        topic=topic,
        store=StoreOptions(name, topic.key, topic.value, history, checked_ttl("table", name, ttl)),
        materialized=materialized or history is not None or ttl is not None,
        history=history,
        extractor=_extractor("table", topic.key, topic.value, timestamp),
    )


def checked_ttl(step: str, name: str, ttl: int | None) -> int | None:
    """`ttl`, when it is a time; raises `TopologyError` naming the step and the author's line."""
    if ttl is not None and (not isinstance(ttl, int) or ttl <= 0):
        raise TopologyError(f"{step} {name!r} at {author_line()}: ttl={ttl!r} ms: give 1 or more, or leave it out")
    return ttl


def _extractor(step: str, key: Any, value: Any, timestamp: Callable[..., Any] | None) -> Function | None:
    return None if timestamp is None else adapt(f"{step} timestamp", timestamp, key, {"the value": value})
