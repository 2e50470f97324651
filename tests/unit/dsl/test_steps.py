"""The steps of streams and tables: values that never change, with types, and errors that say what to do."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from msgspec import Struct

from streamapp import (
    HOUR,
    GroupedStream,
    Session,
    Stream,
    Topic,
    TopologyError,
    Windowed,
    session,
    stream,
    table,
    tumbling,
)
from streamapp.dsl.node import Aggregate, MapValues, Node, Repartition, SelectKey, StreamTableJoin


class Order(Struct, frozen=True):
    """A value."""

    country: str
    pence: int


class Total(Struct, frozen=True):
    """An aggregate."""

    pence: int = 0


ORDERS = Topic("orders", key=str, value=Order)
USERS = Topic("users", key=str, value=str)
orders = stream(ORDERS)
users = table(USERS, "users")


def country(order: Order) -> str:
    """A key."""
    return order.country


def pence(order: Order) -> int:
    """A value."""
    return order.pence


def by_pence(key: str, order: Order) -> tuple[int, str]:
    """Key and value."""
    return order.pence, key


def add(total: Total, order: Order) -> Total:
    """An aggregator."""
    return Total(total.pence + order.pence)


def with_user(order: Order, user: str) -> Total:
    """A joiner."""
    return Total(order.pence)


def types(step: Any) -> tuple[Any, Any]:
    """The types of a step's keys and values."""
    return step.node.key, step.node.value


def test_types_come_from_annotations() -> None:
    """What a function says it returns is what the next step, or a store, works with."""
    assert types(orders) == (str, Order)
    assert types(orders.filter(lambda order: order.pence > 0)) == (str, Order)
    assert types(orders.map_values(pence)) == (str, int)
    assert types(orders.map_values(lambda order: order.pence)) == (str, None)
    assert types(orders.map(by_pence)) == (int, str)
    assert types(orders.select_key(country)) == (str, Order)
    assert types(orders.select_key(pence).repartition("by-pence")) == (int, Order)
    assert types(orders.group_by(pence, "by-pence")) == (int, Order)
    assert types(orders.join(users, with_user)) == (str, Total)
    assert types(users.to_stream()) == (str, str)


def test_types_are_given_where_annotations_do_not_tell() -> None:
    """`key=` and `value=` stand in for annotations, and win over them."""
    assert types(orders.map_values(lambda order: order.pence, value=int)) == (str, int)
    assert types(orders.map(lambda order: (order.pence, order), key=int, value=Order)) == (int, Order)
    assert types(orders.map(lambda order: (order.pence, order), key=int)) == (int, None)
    assert types(orders.select_key(lambda order: order.pence, key=int)) == (int, Order)
    assert types(orders.group_by(lambda order: order.pence, "by-pence", key=int)) == (int, Order)
    assert types(orders.join(users, lambda order, user: order.pence, value=int)) == (str, int)


def test_types_of_aggregates() -> None:
    """The aggregator tells, else what makes the empty aggregate, else `value=`."""
    group = orders.group_by_key()
    assert types(group.count("a")) == (str, int)
    assert types(group.aggregate(Total, add, "b")) == (str, Total)
    assert types(group.aggregate(int, lambda total, order: total + order.pence, "c")) == (str, int)
    assert types(group.aggregate(lambda: 0, lambda total, order: total + order.pence, "d")) == (str, None)
    assert types(group.aggregate(lambda: 0, lambda total, order: total, "e", value=int)) == (str, int)
    windowed = group.windowed_by(tumbling(HOUR))
    assert types(windowed.count("f")) == (Annotated[Windowed[str], tumbling(HOUR)], int)
    unknown = orders.group_by(lambda order: order.pence, "g").windowed_by(tumbling(HOUR)).count("h")
    assert types(unknown) == (Annotated[Windowed, tumbling(HOUR)], int)
    assert types(group.windowed_by(session(HOUR)).count("i")) == (Session[str], int)


def test_a_windowed_store_holds_the_key_inside() -> None:
    """The window is the store's business; the table's key is the windowed one."""
    node = orders.group_by_key().windowed_by(tumbling(HOUR)).count("per-hour", retention=3 * HOUR).node
    assert isinstance(node, Aggregate)
    assert (node.store.key, node.store.value, node.store.retention) == (str, int, 3 * HOUR)


def test_steps_are_frozen_and_branches_share_what_is_before_them() -> None:
    """Naming a stream twice is a branch: neither changes the other."""
    kept = orders.filter(lambda order: order.pence > 0)
    one, other = kept.map_values(pence), kept.map_values(country)
    assert one.node.parents == other.node.parents == (kept.node,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        kept.node = orders.node  # type: ignore[misc]  # what is tested
    assert one.node.created < other.node.created


def test_a_step_knows_where_it_was_made() -> None:
    """Errors found later lead to the line of the author."""
    frame = inspect.currentframe()
    assert frame is not None
    step = orders.map_values(pence)
    assert step.node.place == f"{__file__}:{frame.f_lineno - 1}"


def test_a_group_by_is_a_new_key_and_a_repartition() -> None:
    """The topic bears the group's name, and the types of what goes through it."""
    group = orders.group_by(country, "by-country", partitions=3)
    node = group.node
    assert isinstance(node, Repartition)
    assert isinstance(node.parents[0], SelectKey)
    assert node.topic == Topic("by-country-repartition", key=str, value=Order)
    assert (node.partitions, node.key_changed) == (3, False)


def test_a_group_has_one_repartition_however_often_it_is_aggregated() -> None:
    """Two aggregates of a group read the same topic."""
    group = orders.group_by(country, "by-country")
    assert group.count("a").node.parents == group.windowed_by(tumbling(HOUR)).count("b").node.parents


def test_group_by_key_needs_no_repartition_while_the_key_is_unchanged() -> None:
    """Filters and new values leave records where they are; a name is then not used."""
    kept = orders.filter(lambda order: order.pence > 0).map_values(pence)
    assert kept.group_by_key().node is kept.node
    assert kept.group_by_key("unused").node is kept.node
    moved = orders.select_key(country).repartition("by-country")
    assert moved.group_by_key().node is moved.node
    assert isinstance(orders.select_key(country).group_by_key("by-country").node, Repartition)


def test_a_left_join_gives_none() -> None:
    """Inner and left joins differ in the node's flag alone."""

    def maybe(order: Order, user: str | None) -> Total:
        return Total()

    inner, left = orders.join(users, with_user).node, orders.left_join(users, maybe).node
    assert isinstance(inner, StreamTableJoin)
    assert isinstance(left, StreamTableJoin)
    assert (inner.left, left.left) == (False, True)
    assert left.parents == (orders.node, users.node)


def changed() -> Stream[str, Order]:
    """A stream whose records may not be on the partition of their key."""
    return orders.select_key(country).filter(lambda order: order.pence > 0)


@pytest.mark.parametrize(
    ("step", "make", "remedy"),
    [
        ("group_by_key", lambda: changed().group_by_key(), 'give it a name, .group_by_key("name"), or add '),
        ("join", lambda: changed().join(users, with_user), "add "),
        ("left_join", lambda: changed().left_join(users, with_user), "add "),  # type: ignore[arg-type]  # fails before
    ],
)
def test_a_changed_key_must_be_repartitioned(step: str, make: Callable[[], object], remedy: str) -> None:
    """The error names the function that changed the key and the step to add."""
    with pytest.raises(TopologyError) as raised:
        make()
    message = str(raised.value)
    assert message.startswith(f"{step} at {__file__}:")
    line = country.__code__.co_firstlineno
    assert f"country ({__file__}:{line}) may have changed the key" in message
    assert message.endswith(f': {remedy}.repartition("name") before {step}'.replace("add .", "add ."))


def test_a_map_changes_the_key() -> None:
    """Even if its function does not: nobody can know."""
    mapped = orders.map(lambda key, order: (key, order))
    with pytest.raises(TopologyError, match=r"<lambda> .* may have changed the key"):
        mapped.group_by_key()


@pytest.mark.parametrize("name", ["Orders", "by_country", "", "a b", "-a", "a-", "a--b", "ä", "a.b", None])
def test_names_are_kebab_case(name: Any) -> None:
    """Names become those of topics, folders and metrics."""
    makers: list[Callable[[], object]] = [
        lambda: table(USERS, name),
        lambda: orders.repartition(name),
        lambda: orders.group_by(country, name),
        lambda: orders.group_by_key().count(name),
        lambda: orders.group_by_key().aggregate(Total, add, name),
        lambda: orders.group_by_key().windowed_by(tumbling(HOUR)).count(name),
    ]
    for make in makers:
        with pytest.raises(TopologyError, match=r"^\w+ at .*test_steps.py:\d+: the name .* is not kebab-case"):
            make()


def test_a_retention_must_hold_the_windows() -> None:
    """A window must not expire before it closes; the error names both times."""
    windowed = orders.group_by_key().windowed_by(tumbling(HOUR, grace=HOUR))
    least = 2 * HOUR
    windowed.count("enough", retention=least)
    for make in (
        lambda: windowed.count("short", retention=least - 1),
        lambda: windowed.aggregate(Total, add, "short", retention=least - 1),
    ):
        with pytest.raises(TopologyError, match=f"'short' at .*: retention={least - 1} ms .* the {least} ms"):
            make()


def of_text(text: str) -> bool:
    """Takes another type."""
    return True


def of_texts(total: Total, text: str) -> Total:
    """Takes another type."""
    return total


NUMBERED: Any = table(Topic("numbered", key=int, value=str), "numbered")
ANY: Any = orders


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda: ANY.filter(of_text),
            "filter: of_text (FILE) takes the value as str, but here it is Order: ",
        ),
        (lambda: ANY.filter_not(of_text), "filter_not: of_text (FILE) takes the value as str"),
        (lambda: ANY.group_by(of_text, "g"), "group_by 'g': of_text (FILE) takes the value as str"),
        (lambda: ANY.map(pence), "map: pence (FILE) returns int: give a function that returns (key, value)"),
        (
            lambda: ANY.group_by_key().aggregate(Total, of_texts, "a"),
            "aggregate 'a': of_texts (FILE) takes the value as str, but here it is Order",
        ),
        (
            lambda: ANY.group_by_key().aggregate(int, add, "a", value=int),
            "aggregate 'a': add (FILE) takes the aggregate as Total, but here it is int",
        ),
        (lambda: ANY.group_by_key().aggregate(0, add, "a"), "aggregate 'a' at LINE: 0 is not a function: "),
        (
            lambda: ANY.join(NUMBERED, with_user),
            "join at LINE: the stream's keys are str, the table's are int: give the stream the table's keys",
        ),
        (
            lambda: ANY.join(table(ORDERS, "orders"), with_user),
            "join: with_user (FILE) takes the row as str, but here it is Order",
        ),
        (lambda: ANY.join(orders, with_user), "join at LINE: within=None: two streams are joined in a window of time"),
        (
            lambda: ANY.to(USERS),
            "to 'users' at LINE: the stream's values are Order, the topic's are str: map",
        ),
        (lambda: ANY.to("users"), "to at LINE: 'users' is not a topic: give Topic("),
        (
            lambda: ANY.group_by_key().windowed_by(HOUR),
            "windowed_by at LINE: 3600000 is not windows: give tum",
        ),
        (lambda: ANY.repartition("r", 0), "repartition 'r' at LINE: partitions=0: give 1 or more, or leave"),
        (lambda: stream("orders"), "stream at LINE: 'orders' is not a topic: give Topic("),  # type: ignore[call-overload]  # what is tested
        (lambda: table("users", "users"), "table at LINE: 'users' is not a topic: give Topic("),  # type: ignore[call-overload]  # what is tested
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], problem: str) -> None:
    """Also without a type checker, when the step is made."""
    with pytest.raises(TopologyError) as raised:
        make()
    message = str(raised.value)
    here = re.escape(__file__)
    message = re.sub(rf"\({here}:\d+\)", "(FILE)", message)
    assert re.sub(rf"{here}:\d+", "LINE", message).startswith(problem)


def test_a_sink_of_a_windowed_key_is_told_from_a_plain_one() -> None:
    """The arguments of a generic key are not looked at, its class is."""
    counts: Any = orders.group_by_key().windowed_by(tumbling(HOUR)).count("per-hour").to_stream()
    counts.to(Topic("counts", key=Windowed[str], value=int))
    with pytest.raises(TopologyError, match=r"keys are streamapp.dsl.windows.Windowed\[str\], the topic's are str"):
        counts.to(Topic("counts", key=str, value=int))


def test_every_node_is_reached_from_its_end() -> None:
    """What a step is made of hangs together, however it is asked for."""
    grouped: GroupedStream[str, Order] = orders.map_values(lambda order: order).group_by(country, "by-country")
    node: Node = grouped.count("counts").node
    kinds = []
    while node.parents:
        kinds.append(type(node))
        node = node.parents[0]
    assert kinds == [Aggregate, Repartition, SelectKey, MapValues]
