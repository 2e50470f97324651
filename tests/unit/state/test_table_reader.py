"""Typed queries of tables from Python, through the driver: the same readers as a worker gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import Session, Windowed, key_value_store
from streamapp.engine.specs import TableSpec
from streamapp.errors import NotFoundError, NotHereError, UsageError
from streamapp.state.table_reader import Parts, Row, TableReader, TableReaders
from streamapp.state.table_rows import TableRows, rows_of
from streamapp.testing.driver import TopologyDriver
from tests.unit import everything as all_

MINUTE = 60_000


@pytest.fixture(params=["memory", "rocksdb"])
def driver(request: pytest.FixtureRequest) -> Iterator[TopologyDriver]:
    """A topology with every kind of table."""
    with TopologyDriver(all_.TOPOLOGY, store=request.param) as made:
        yield made


def test_get_gives_the_value_of_a_key(driver: TopologyDriver) -> None:
    """None for one that is not there; `row` has the timestamp too."""
    driver.pipe(all_.ORDERS, "ada", 1, 10)
    driver.pipe(all_.ORDERS, "ada", 2, 20)
    totals = driver.reader(all_.totals)
    assert (totals.get("ada"), totals.get("bob")) == (3, None)
    assert totals.row("ada") == Row("ada", 3, 20)
    assert driver.reader("together").get("ada") == 3
    assert driver.reader(all_.totals_of_author).get("ada") == 3


def test_range_and_prefix_are_in_the_order_of_keys(driver: TopologyDriver) -> None:
    """Both ends of a range belong to it."""
    for key in ("b", "ab", "a", "c"):
        driver.pipe(all_.USERS, key, key.upper(), 5)
    users = driver.reader(all_.users)
    assert [row.key for row in users.range()] == ["a", "ab", "b", "c"]
    assert [row.value for row in users.range("ab", "b")] == ["AB", "B"]
    assert [row.key for row in users.range(end="ab")] == ["a", "ab"]
    assert list(users.prefix("a")) == [Row("a", "A", 5), Row("ab", "AB", 5)]


def test_fetch_gives_the_windows_of_a_key(driver: TopologyDriver) -> None:
    """By the time they start, oldest first, each with its window as the key; `to_ms` is not included."""
    for time in (3 * MINUTE, MINUTE, MINUTE + 1, 2 * MINUTE):
        driver.pipe(all_.ORDERS, "ada", 1, time)
    hops = driver.reader(all_.hops)
    assert next(hops.fetch("ada")) == Row(Windowed("ada", 150_000, 210_000), 1, 3 * MINUTE)
    assert [row.key.start for row in hops.fetch("ada", 150_000, 180_000)] == [150_000]
    assert hops.get(Windowed("ada", 180_000, 240_000)) == 1
    assert list(hops.fetch("bob")) == []
    own = driver.reader(all_.minutes_of_author)
    assert [(row.key.start // MINUTE, row.value) for row in own.fetch("ada")] == [(1, 2), (2, 1), (3, 1)]


def test_sessions_are_fetched_by_their_start(driver: TopologyDriver) -> None:
    """Keys are sessions; those of a table made of sessions too."""
    for key, time in (("ada", 1_000), ("ada", 20_000), ("bob", 30_000), ("ada", 45_000)):
        driver.pipe(all_.ORDERS, key, 1, time)
    visits, long_visits = driver.reader(all_.visits), driver.reader(all_.long_visits)
    session = Session("ada", 1_000, 45_000)
    assert list(visits.fetch("ada", 0, 1_001)) == list(long_visits.fetch("ada")) == [Row(session, 3, 45_000)]
    assert list(visits.fetch("ada", 1_001)) == []
    assert visits.get(session) == long_visits.get(session) == 3
    assert [row.key for row in visits.fetch_all()] == [Session("bob", 30_000, 30_000), session]
    assert [row.key.key for row in visits.prefix("b")] == ["bob"]
    assert [row.key for row in visits.range(Session("bob", 30_000, 30_000), session)] == [
        Session("bob", 30_000, 30_000),
        session,
    ]
    assert list(visits.range(end=Session("", 0, 40_000))) == [Row(Session("bob", 30_000, 30_000), 1, 30_000)]
    assert type(next(visits.fetch_all()).key) is Session


def test_as_of_gives_the_value_of_a_time(driver: TopologyDriver) -> None:
    """From the time of its record until that of the next."""
    driver.pipe(all_.RATES, "eur", 1, 10)
    driver.pipe(all_.RATES, "eur", 2, 20)
    driver.pipe(all_.RATES, "eur", None, 30)
    rates = driver.reader(all_.rates)
    assert [rates.as_of("eur", time) for time in (9, 10, 19, 20, 29, 30)] == [None, 1, 1, 2, 2, None]
    assert rates.get("eur") is None
    driver.pipe(all_.RATES, "gbp", 7, 40 * 3_600_000)
    assert rates.as_of("eur", 25) is None  # the history is an hour


def test_global_tables_are_read_by_their_value(driver: TopologyDriver) -> None:
    """As others."""
    driver.pipe(all_.PRODUCTS, "1", "tea")
    assert driver.reader(all_.products).get("1") == "tea"


def test_rows_come_back_after_a_restart(driver: TopologyDriver) -> None:
    """A reader goes on with the tasks there are now."""
    visits = driver.reader(all_.visits)
    driver.pipe(all_.ORDERS, "ada", 1, 1_000)
    driver.restart()
    assert [row.key for row in visits.fetch("ada")] == [Session("ada", 1_000, 1_000)]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("visits-times", "topology 'everything' has no table 'visits-times'; it has users, "),
        (all_.unkept, r"keeps no rows for the table made at .*everything.py:\d+: give that step a name, or ask"),
        (all_.totals.filter(bool), "keeps no rows for the table made at"),
        (all_.totals.filter(bool, "elsewhere"), "keeps no rows for the table made at"),
        (key_value_store("other", key=str, value=int), "has no table 'other'"),
    ],
)
def test_what_keeps_no_rows_is_named(wanted: str, words: str) -> None:
    """With what there is instead: indexes, tables without a name, tables of other topologies."""
    with TopologyDriver(all_.TOPOLOGY) as driver, pytest.raises(NotFoundError, match=words):
        driver.reader(wanted)


def test_wrong_questions_are_told_what_would_do() -> None:
    """A history, windows or keys the table does not have."""
    with TopologyDriver(all_.TOPOLOGY) as driver:
        users, hops = driver.reader("users"), driver.reader("hops")
        with pytest.raises(UsageError, match=r"'users' keeps no history: make it with table\(TOPIC, 'users', history"):
            users.as_of("ada", 5)
        with pytest.raises(UsageError, match=r"'users' has no windows: use get\(key\)"):
            users.fetch("ada")
        with pytest.raises(UsageError, match="'users': 5 is not one of its keys"):
            users.get(5)
        with pytest.raises(UsageError, match=r"'hops': 'ada' is not one of its keys: give Windowed\(key, start, end\)"):
            hops.get("ada")


class Elsewhere:
    """The tables of a driver of which one task is here and another is not."""

    def __init__(self, driver: TopologyDriver, here: bool) -> None:
        self._driver = driver
        self._here = here

    def parts(self, name: str) -> Parts:
        """The rows here."""
        (table,) = (one for one in self._driver.plan.tables if one.name == name)
        return Parts([self._rows(table)] if self._here else [], ["0_1"])

    def _rows(self, table: TableSpec) -> TableRows:
        task = self._driver._tasks[table.store.subtopology]
        return rows_of(table, task.state.stores, {})

    def users(self, *, partial: bool) -> TableReader[str, str]:
        """A reader of the table `users`."""
        readers = TableReaders("everything", self._driver.plan.tables, self.parts)
        return readers(all_.users, partial=partial)


def test_a_row_that_may_be_elsewhere_is_not_denied() -> None:
    """What is here is given; what is not raises, unless the reader takes a part for the whole on purpose."""
    with TopologyDriver(all_.TOPOLOGY) as driver:
        driver.pipe(all_.USERS, "ada", "Ada")
        users = Elsewhere(driver, here=True).users(partial=False)
        assert users.get("ada") == "Ada"
        for ask in (lambda: users.get("bob"), users.range, lambda: users.prefix("a")):
            with pytest.raises(NotHereError, match="'users': tasks 0_1 are not in this process now, so rows may be"):
                ask()
        part = Elsewhere(driver, here=True).users(partial=True)
        assert part.get("bob") is None
        assert [row.key for row in part.range()] == ["ada"]
        with pytest.raises(NotHereError):
            Elsewhere(driver, here=False).users(partial=True).get("ada")
