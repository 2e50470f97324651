"""What a topology compiles to: sub-topologies, and what each reads, writes and keeps."""

from __future__ import annotations

import pytest

from streamapp import Topic, Topology, TopologyError, Windowed, json, stream, table, tumbling
from streamapp.engine.plan import plan
from streamapp.engine.specs import Plan
from streamapp.formats import codec_for

ORDERS = Topic("orders", key=str, value=int)
VIEWS = Topic("views", key=str, value=str)
USERS = Topic("users", key=str, value=str)
OUT = Topic("out", key=str, value=int)
TEXTS = Topic("texts", key=str, value=str)
WINDOWS = Topic("windows", key=Windowed[str], value=int)


def planned(*ends: object) -> Plan:
    """The plan of a topology with these ends."""
    return plan(Topology("t", *ends), codec_for)  # type: ignore[arg-type]


def parity(order: int) -> str:
    """A new key."""
    return str(order % 2)


def test_a_stateless_topology_is_one_sub_topology() -> None:
    """One source, one sink, no store."""
    (sub,) = planned(stream(ORDERS).filter(lambda order: order > 1).to(OUT)).subtopologies
    assert [source.topic for source in sub.sources] == ["orders"]
    assert [sink.topic for sink in sub.sinks] == ["out"]
    assert (sub.stores, sub.copartitioned, sub.number) == ((), (), 0)


def test_a_repartition_topic_cuts_and_is_written_before_and_read_behind() -> None:
    """By the author's name; the application's prefix is the worker's."""
    count = stream(ORDERS).group_by(parity, "by-parity").count("per-parity")
    first, second = planned(count.to_stream().to(OUT)).subtopologies
    assert [(sink.topic, sink.internal) for sink in first.sinks] == [("by-parity-repartition", True)]
    assert [(source.topic, source.internal) for source in second.sources] == [("by-parity-repartition", True)]
    assert ([store.name for store in first.stores], [store.name for store in second.stores]) == ([], ["per-parity"])
    assert [sink.topic for sink in second.sinks] == ["out"]
    assert second.stores[0].subtopology == 1


def test_topologies_that_share_nothing_are_apart() -> None:
    """Numbered by their first source, not by their ends."""
    orders, views = stream(ORDERS), stream(VIEWS)
    subs = planned(views.to(TEXTS), orders.to(OUT)).subtopologies
    assert [[source.topic for source in sub.sources] for sub in subs] == [["orders"], ["views"]]


def test_streams_of_one_topic_are_read_once() -> None:
    """Two values of the same topic share a source, and so a sub-topology."""
    (sub,) = planned(stream(ORDERS).to(OUT), stream(ORDERS).group_by_key().count("per-key")).subtopologies
    (source,) = sub.sources
    assert len(source.nodes) == 2


def test_a_join_brings_its_topics_into_one_sub_topology_and_makes_them_copartitioned() -> None:
    """Transitively: topics that share a partner are one set."""
    users = table(USERS, "users")
    joined = stream(VIEWS).join(users, lambda view, user: view, value=str)
    other = stream(ORDERS).join(users, lambda order, user: order, value=int)
    (sub,) = planned(joined.to(TEXTS), other.to(OUT)).subtopologies
    assert {source.topic for source in sub.sources} == {"views", "users", "orders"}
    assert sub.copartitioned == (frozenset({"views", "users", "orders"}),)


def test_joins_that_share_nothing_are_copartitioned_apart() -> None:
    """Each set by itself."""
    joined = stream(VIEWS).join(table(USERS, "users"), lambda view, user: view, value=str)
    other = stream(ORDERS).join(table(Topic("prices", str, int), "prices"), lambda order, price: order, value=int)
    subs = planned(joined.to(TEXTS), other.to(OUT)).subtopologies
    assert [sub.copartitioned for sub in subs] == [(frozenset({"users", "views"}),), (frozenset({"orders", "prices"}),)]


def test_stores_say_what_they_hold_and_where_they_come_from() -> None:
    """A table from its own topic, aggregates from a changelog, windows with size and retention."""
    windowed = stream(ORDERS).group_by_key().windowed_by(tumbling(10, grace=5))
    stores = planned(
        table(USERS, "users"),
        stream(VIEWS).group_by_key().count("per-key"),
        windowed.count("short"),
        windowed.count("long", retention=500),
    ).stores
    found = {
        store.name: (store.kind, store.log, store.source_topic, store.window_size, store.retention) for store in stores
    }
    assert found == {
        "users": ("key-value", "source", "users", None, None),
        "per-key": ("key-value", "changelog", None, None, None),
        "short": ("window", "changelog", None, 10, 25),
        "long": ("window", "changelog", None, 10, 510),
    }


def test_a_windowed_key_goes_to_the_partition_of_the_key_inside() -> None:
    """All windows of a key are in one partition."""
    count = stream(ORDERS).group_by_key().windowed_by(tumbling(10)).count("per-window")
    (sub,) = planned(count.to_stream().to(WINDOWS)).subtopologies
    (sink,) = sub.sinks
    assert sink.partition_bytes is not None
    keys = [sink.key.encode(Windowed("ada", start, start + 10)) for start in (0, 10)]
    assert keys[0] != keys[1]
    assert [sink.partition_bytes(key) for key in keys] == [b"ada", b"ada"]


def test_a_repartition_topic_keeps_null_keys_only_for_a_left_join_behind() -> None:
    """KIP-962; sinks of the author's keep them always."""

    def kept(left: bool) -> bool:
        moved = stream(ORDERS).select_key(parity).repartition("moved")
        users = table(USERS, "users")
        join = moved.left_join if left else moved.join
        first, second = planned(join(users, lambda order, user: order, value=int).to(OUT)).subtopologies
        assert second.sinks[0].null_keys
        return first.sinks[0].null_keys

    assert [kept(left=True), kept(left=False)] == [True, False]


def test_a_topic_read_with_two_formats_is_refused() -> None:
    """Whatever is read of it would be wrong for one of them."""
    with pytest.raises(TopologyError, match="'orders'"):
        planned(stream(ORDERS).to(OUT), stream(Topic("orders", key=str, value=int, key_format=json)).to(OUT))


def test_the_same_topology_gives_the_same_plan() -> None:
    """Names and numbers do not depend on when it is made."""

    def names() -> list[tuple[int, list[str], list[str], list[str]]]:
        users = table(USERS, "users")
        joined = stream(VIEWS).join(users, lambda view, user: user, value=str)
        count = joined.group_by(lambda user: user, "by-user", key=str).count("per-user")
        return [
            (
                sub.number,
                [source.topic for source in sub.sources],
                [sink.topic for sink in sub.sinks],
                [store.name for store in sub.stores],
            )
            for sub in planned(count.to_stream().to(OUT)).subtopologies
        ]

    assert names() == names()
    assert [line[1:] for line in names()] == [
        (["users", "views"], ["by-user-repartition"], ["users"]),
        (["by-user-repartition"], ["out"], ["per-user"]),
    ]


def test_a_table_whose_changes_can_fail_has_a_changelog() -> None:
    """Its topic holds the record that failed, which left no row; a join alone cannot fail by a change."""
    users = table(USERS, "users")
    joined = stream(VIEWS).join(users, lambda view, user: view, value=str)
    (looked_up,) = planned(joined.to(TEXTS)).stores
    (passed_on,) = planned(users.to_stream().map_values(str.upper).to(TEXTS)).stores
    assert (looked_up.log, passed_on.log) == ("source", "changelog")
