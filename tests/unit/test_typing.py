"""What `mypy --strict` says of topologies: wrong ones are refused at the wrong line, right ones pass.

In a snippet, `# refused` marks the lines that must have an error; no other line may have one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROLOGUE = """
from typing import assert_type

from msgspec import Struct

from streamapp import (
    HOUR, GroupedStream, Stream, Table, Topic, Topology, Windowed, WindowedStream, stream, table, tumbling,
)


class View(Struct, frozen=True):
    page: str
    seconds: int


class LongView(View, frozen=True):
    reason: str


class User(Struct, frozen=True):
    country: str


class Country(Struct, frozen=True):
    name: str


VIEWS = Topic("views", key=str, value=View)
LONG_VIEWS = Topic("long-views", key=str, value=LongView)
USERS = Topic("users", key=str, value=User)
USERS_BY_NUMBER = Topic("users-by-number", key=int, value=User)
COUNTRIES = Topic("countries", key=str, value=Country)
COUNTS = Topic("counts", key=str, value=int)
WINDOW_COUNTS = Topic("window-counts", key=Windowed[str], value=int)
EITHER = Topic("either", key=str, value=User | Country)

views = stream(VIEWS)
users = table(USERS, "users")


def with_user(view: View, user: User) -> Country:
    return Country(user.country)


def with_key(key: str, view: View, user: User) -> Country:
    return Country(key + user.country)


def with_maybe(view: View, user: User | None) -> Country:
    return Country(user.country if user else "unknown")


def of_users(user: User) -> bool:
    return True


def add(total: int, view: View) -> int:
    return total + view.seconds
"""

RIGHT = {
    "stateless": """
kept = views.filter(lambda view: view.seconds > 3).filter_not(lambda key, view: key == view.page)
assert_type(kept, Stream[str, View])
assert_type(views.map_values(lambda view: view.seconds), Stream[str, int])
assert_type(views.map_values(lambda key, view: (key, view.seconds)), Stream[str, tuple[str, int]])
assert_type(views.select_key(lambda view: view.seconds), Stream[int, View])
assert_type(views.map(lambda key, view: (view.seconds, key)), Stream[int, str])
""",
    "more_steps": """
from collections.abc import Iterator

from streamapp import End, TopicPattern


def pages(key: str, view: View) -> Iterator[tuple[int, str]]:
    yield view.seconds, view.page


def pick(view: View) -> Topic[str, View]:
    return VIEWS


assert_type(views.flat_map(pages), Stream[int, str])
assert_type(views.flat_map(lambda view: [(view.seconds, view.page)]), Stream[int, str])
assert_type(views.flat_map_values(lambda view: [view.seconds]), Stream[str, int])
assert_type(views.peek(lambda view: print(view.page)), Stream[str, View])
assert_type(views.for_each(lambda key, view: print(key, view.page)), End)
assert_type(views.print("views", lambda view: view.page), End)
assert_type(views.merge(stream(VIEWS)), Stream[str, View])
long, short = views.split().branch(lambda view: view.seconds > 3).branch(lambda key, view: key == "a").no_default()
assert_type(long, Stream[str, View])
assert_type(stream(VIEWS, VIEWS, timestamp=lambda view: view.seconds), Stream[str, View])
assert_type(stream(TopicPattern("views-.*", key=str, value=View)), Stream[str, View])
views.to(VIEWS, partitioner=lambda view, count: view.seconds % count)
views.to(pick, topics=[VIEWS])
views.to(lambda view: VIEWS if view.seconds else VIEWS, topics=[VIEWS])
views.repartition("a", 3, partitioner=lambda key, view, count: len(key) % count)
""",
    "processors": """
from streamapp import Processor, ProcessorContext, Record, ValueContext, ValueProcessor, key_value_store, window_store

TOTALS = key_value_store("totals", key=str, value=int)
WINDOWS = window_store("windows", key=str, value=View, size=HOUR, retention=HOUR)


class Total(Processor[str, View, int, str]):
    def init(self, context: ProcessorContext[int, str]) -> None:
        self.context = context
        self.totals = context.store(TOTALS)
        self.windows = context.store(WINDOWS)
        context.schedule(HOUR, "stream_time", self.punctuate)

    def process(self, record: Record[str, View]) -> None:
        assert_type(self.totals.get(record.key), int | None)
        assert_type(self.windows.get(record.key, 0), View | None)
        assert_type(self.context.row(users, record.key), User | None)
        self.totals.put(record.key, record.value.seconds)
        self.context.forward(Record(record.value.seconds, record.key, record.timestamp))

    def punctuate(self, now: int) -> None: ...


class Seconds(ValueProcessor[str, View, int]):
    def init(self, context: ValueContext[int]) -> None:
        self.context = context

    def process(self, record: Record[str, View]) -> None:
        self.context.forward(record.value.seconds)


assert_type(views.process(Total, "total", stores=[TOTALS, WINDOWS, users]), Stream[int, str])
assert_type(views.process_values(Seconds, "seconds"), Stream[str, int])
""",
    "joins": """
assert_type(views.join(users, with_user), Stream[str, Country])
assert_type(views.join(users, with_key), Stream[str, Country])
assert_type(views.join(users, lambda view, user: (view.page, user.country)), Stream[str, tuple[str, str]])
assert_type(views.left_join(users, with_maybe), Stream[str, Country])
assert_type(views.left_join(users, lambda view, user: user), Stream[str, User | None])
""",
    "aggregations": """
by_page = views.group_by(lambda view: view.page, "by-page")
assert_type(by_page, GroupedStream[str, View])
assert_type(by_page.count("a"), Table[str, int])
assert_type(by_page.aggregate(int, add, "b"), Table[str, int])
assert_type(by_page.aggregate(int, lambda total, view: total + view.seconds, "c"), Table[str, int])
windowed = by_page.windowed_by(tumbling(HOUR))
assert_type(windowed, WindowedStream[str, View])
assert_type(windowed.count("d", retention=3 * HOUR), Table[Windowed[str], int])
assert_type(windowed.count("e").to_stream(), Stream[Windowed[str], int])
""",
    "windows": """
from streamapp import Session, hopping, session, sliding, until_time_limit, until_window_closes

grouped = views.map_values(lambda view: view.seconds).group_by_key()
assert_type(grouped.reduce(max, "a"), Table[str, int])
assert_type(grouped.reduce(lambda key, total, one: total + one + len(key), "b"), Table[str, int])
windowed = grouped.windowed_by(sliding(HOUR))
assert_type(windowed.reduce(lambda total, one: total + one, "c", emit="close"), Table[Windowed[str], int])
sessions = grouped.windowed_by(session(HOUR))
assert_type(sessions.count("d", emit="close", retention=HOUR), Table[Session[str], int])
assert_type(sessions.reduce(lambda total, one: total + one, "e"), Table[Session[str], int])


def append(text: str, one: int) -> str:
    return f"{text}{one}"


def merge(text: str, other: str) -> str:
    return text + other


assert_type(sessions.aggregate(str, append, "f", merger=merge), Table[Session[str], str])
assert_type(sessions.aggregate(str, append, "g", merger=lambda key, text, other: other), Table[Session[str], str])
assert_type(windowed.count("g").suppress(until_window_closes(), "h"), Table[Windowed[str], int])
assert_type(grouped.count("i").suppress(until_time_limit(HOUR, max_records=3), "j").to_stream(), Stream[str, int])
Topology("t", sessions.count("k").to_stream().to(Topic("sessions", key=Session[str], value=int)))
assert_type(views.deduplicate("l", HOUR, by=lambda view: view.page), Stream[str, View])
""",
    "cogroup": """
from streamapp import CogroupedStream, Session, session


def add_page(pages: frozenset[str], view: View) -> frozenset[str]:
    return pages | {view.page}


def add_country(key: str, pages: frozenset[str], user: User) -> frozenset[str]:
    return pages | {user.country}


both = views.group_by_key().cogroup(add_page).cogroup(stream(USERS).group_by_key(), add_country)
assert_type(both, CogroupedStream[str, frozenset[str]])
assert_type(both.aggregate(frozenset, "a"), Table[str, frozenset[str]])
assert_type(both.windowed_by(tumbling(HOUR)).aggregate(frozenset, "b"), Table[Windowed[str], frozenset[str]])
assert_type(
    both.windowed_by(session(HOUR)).aggregate(frozenset, "c", merger=lambda one, other: one | other),
    Table[Session[str], frozenset[str]],
)
""",
    "table_steps": """
from streamapp import GroupedTable

assert_type(users.filter(of_users).filter_not(lambda key, user: key == user.country, "kept"), Table[str, User])
assert_type(users.map_values(lambda user: user.country), Table[str, str])
assert_type(users.map_values(lambda key, user: (key, user.country)), Table[str, tuple[str, str]])
assert_type(views.to_table("last-views"), Table[str, View])
by_country = users.group_by(lambda key, user: (user.country, len(key)), "by-country")
assert_type(by_country, GroupedTable[str, int])
assert_type(by_country.count("a"), Table[str, int])
assert_type(by_country.reduce(lambda all, one: all + one, lambda all, one: all - one, "b"), Table[str, int])


def longer(text: str, one: int) -> str:
    return text + "+" * one


assert_type(by_country.aggregate(str, longer, longer, "c"), Table[str, str])
""",
    "table_joins": """
last = views.to_table("last-views")
numbered = table(USERS_BY_NUMBER, "numbered")
assert_type(last.join(users, with_user), Table[str, Country])
assert_type(last.join(users, with_key, "kept"), Table[str, Country])
assert_type(last.left_join(users, with_maybe), Table[str, Country])
assert_type(last.outer_join(users, lambda view, user: (view, user)), Table[str, tuple[View | None, User | None]])
assert_type(last.join(numbered, with_user, "fk", foreign_key=lambda view: view.seconds), Table[str, Country])
assert_type(last.left_join(numbered, with_maybe, "fk", foreign_key=lambda view: view.seconds), Table[str, Country])
assert_type(last.join(numbered, with_key, "fk", foreign_key=lambda key, view: len(key)), Table[str, Country])
assert_type(
    last.outer_join(numbered, lambda view, user: 1, "fk", foreign_key=lambda view: view.seconds, alone=str),
    Table[str, int],
)
""",
    "stream_joins": """
from streamapp import global_table, join_windows

other = stream(USERS)
everybody = global_table(USERS_BY_NUMBER, "everybody")
within = join_windows(HOUR)
assert_type(views.join(other, with_user, "a", within=within), Stream[str, Country])
assert_type(views.left_join(other, with_maybe, "b", within=within), Stream[str, Country])
assert_type(
    views.outer_join(other, lambda view, user: (view, user), "c", within=within),
    Stream[str, tuple[View | None, User | None]],
)
assert_type(views.join(everybody, with_user, key=lambda view: view.seconds), Stream[str, Country])
assert_type(views.left_join(everybody, with_maybe, key=lambda view: view.seconds), Stream[str, Country])
assert_type(views.join(everybody, with_key, key=lambda key, view: len(key)), Stream[str, Country])
assert_type(views.join(table(USERS, "past", history=HOUR), with_user, "d", grace=HOUR), Stream[str, Country])
""",
    "ends": """
topology = Topology(
    "right",
    views.group_by_key().count("per-key").to_stream().to(COUNTS),
    views.group_by_key().windowed_by(tumbling(HOUR)).count("per-hour").to_stream().to(WINDOW_COUNTS),
    views.group_by_key().count("table"),
    stream(LONG_VIEWS).to(VIEWS),
    views.join(users, with_user).to(EITHER),
)
""",
    "unions": """
assert_type(EITHER, Topic[str, User | Country])
assert_type(stream(EITHER), Stream[str, User | Country])
""",
    "queries": """
from collections.abc import Iterator

from streamapp import Session, global_table, key_value_store, session, window_store
from streamapp.state.table_reader import Row, TableReader
from streamapp.testing.driver import TopologyDriver
from streamapp.worker.application import Application

grouped = views.group_by_key()
own = key_value_store("own", key=str, value=User)
own_windows = window_store("own-windows", key=int, value=User, size=HOUR, retention=HOUR)


def look(application: Application, driver: TopologyDriver) -> None:
    assert_type(application.table(users), TableReader[str, User])
    assert_type(driver.reader(users).get("ada"), User | None)
    assert_type(application.table(users).range("a", "b"), Iterator[Row[str, User]])
    assert_type([(row.key, row.value, row.timestamp) for row in driver.reader(users).prefix("a")],
        list[tuple[str, User, int]])
    assert_type(application.table(users).as_of("ada", 5), User | None)
    assert_type(driver.reader(global_table(USERS_BY_NUMBER, "by-number")).get(5), User | None)
    hours = driver.reader(grouped.windowed_by(tumbling(HOUR)).count("hours"))
    assert_type(hours.fetch("ada", 0, 5), Iterator[Row[Windowed[str], int]])
    assert_type(hours.get(Windowed("ada", 0, HOUR)), int | None)
    visits = driver.reader(grouped.windowed_by(session(HOUR)).count("visits"))
    assert_type(visits.fetch("ada"), Iterator[Row[Session[str], int]])
    assert_type(visits.fetch_all(), Iterator[Row[Session[str], int]])
    assert_type(driver.reader(own), TableReader[str, User])
    assert_type(driver.reader(own_windows).fetch(5), Iterator[Row[Windowed[int], User]])
    driver.reader("by-name", partial=True).fetch("ada")
""",
}

WRONG = {
    "count_before_group": """
views.count("per-page")  # refused
""",
    "count_twice": """
views.group_by_key().count("a").count("b")  # refused
""",
    "window_before_group": """
views.windowed_by(tumbling(HOUR))  # refused
""",
    "reduce_to_another_type": """
views.group_by_key().reduce(lambda view, other: view.seconds, "a")  # refused
""",
    "sessions_without_a_merger": """
from streamapp import session

views.group_by_key().windowed_by(session(HOUR)).aggregate(int, add, "a")  # refused
""",
    "emit_at_another_time": """
views.group_by_key().windowed_by(tumbling(HOUR)).count("a", emit="later")  # refused
""",
    "windows_of_a_count": """
views.group_by_key().windowed_by(HOUR)  # refused
""",
    "cogroup_of_other_keys": """
views.group_by_key().cogroup(add).cogroup(stream(USERS_BY_NUMBER).group_by_key(), lambda total, user: total)  # refused
""",
    "cogroup_before_group": """
views.group_by_key().cogroup(add).cogroup(views, add)  # refused
""",
    "cogroup_of_another_aggregate": """
views.group_by_key().cogroup(add).aggregate(str, "a")  # refused
""",
    "suppress_of_a_stream": """
from streamapp import until_time_limit

views.suppress(until_time_limit(HOUR), "a")  # refused
""",
    "sessions_as_windows": """
from streamapp import session

views.group_by_key().windowed_by(session(HOUR)).count("a").to_stream().to(WINDOW_COUNTS)  # refused
""",
    "filter_of_another_type": """
views.filter(of_users)  # refused
""",
    "filter_without_an_answer": """
views.filter(lambda view: view.page)  # refused
""",
    "merge_of_another_type": """
views.merge(stream(USERS))  # refused
""",
    "flat_map_values_of_one": """
views.flat_map_values(lambda view: view.seconds)  # refused
""",
    "branch_without_an_answer": """
views.split().branch(lambda view: view.page)  # refused
""",
    "processor_of_another_type": """
from streamapp import Processor

class Other(Processor[str, User, str, User]): ...

views.process(Other, "other")  # refused
""",
    "forwarding_another_type": """
from streamapp import Processor, ProcessorContext, Record

class Wrong(Processor[str, View, str, int]):
    def init(self, context: ProcessorContext[str, int]) -> None:
        context.forward(Record("a", "b", 0))  # refused
        context.schedule(HOUR, "moon_time", print)  # refused
""",
    "store_of_another_type": """
from streamapp import ProcessorContext, key_value_store

def opened(context: ProcessorContext[str, int]) -> None:
    context.store(key_value_store("a", key=str, value=int)).put("a", "b")  # refused
""",
    "partitioner_without_a_number": """
def wrong(view: View, count: int) -> str:
    return view.page

views.to(VIEWS, partitioner=wrong)  # refused
""",
    "topics_of_another_type": """
views.to(lambda view: VIEWS, topics=[USERS])  # refused
""",
    "field_that_is_not_there": """
views.map_values(lambda view: view.country)  # refused
""",
    "joiner_of_another_type": """
def wrong(view: View, country: Country) -> Country:
    return country

views.join(users, wrong)  # refused
""",
    "joiner_the_wrong_way_round": """
def wrong(user: User, view: View) -> Country:
    return Country(user.country)

views.join(users, wrong)  # refused
""",
    "left_joiner_without_none": """
views.left_join(users, with_user)  # refused
""",
    "table_of_another_key": """
views.join(table(USERS_BY_NUMBER, "numbered"), with_user)  # refused
""",
    "join_with_a_stream": """
views.join(stream(USERS), with_user)  # refused
""",
    "outer_joiner_without_none": """
from streamapp import join_windows
views.outer_join(stream(USERS), with_maybe, "a", within=join_windows(HOUR))  # refused
""",
    "foreign_key_of_another_type": """
views.to_table("a").join(table(USERS_BY_NUMBER, "b"), with_user, "fk", foreign_key=lambda view: view.page)  # refused
""",
    "foreign_key_without_a_name": """
views.to_table("a").join(table(USERS_BY_NUMBER, "b"), with_user, foreign_key=lambda view: view.seconds)  # refused
""",
    "tables_of_different_keys": """
views.to_table("a").join(table(USERS_BY_NUMBER, "b"), with_user)  # refused
""",
    "global_table_without_a_key": """
from streamapp import global_table
views.join(global_table(USERS, "a"), with_user)  # refused
""",
    "subtractor_of_another_result": """
def wrong(total: int, user: User) -> str:
    return user.country

def plus(total: int, user: User) -> int:
    return total

users.group_by(lambda user: (user.country, user), "a").aggregate(int, plus, wrong, "b")  # refused
""",
    "grouped_table_in_windows": """
users.group_by(lambda user: (user.country, user), "a").windowed_by(tumbling(HOUR))  # refused
""",
    "aggregator_the_wrong_way_round": """
def wrong(view: View, total: int) -> int:
    return total

views.group_by_key().aggregate(int, wrong, "total")  # refused
""",
    "aggregator_of_another_result": """
def wrong(total: int, view: View) -> str:
    return view.page

views.group_by_key().aggregate(int, wrong, "total")  # refused
""",
    "sink_of_another_value": """
views.to(COUNTRIES)  # refused
""",
    "sink_of_another_key": """
views.group_by_key().windowed_by(tumbling(HOUR)).count("a").to_stream().to(COUNTS)  # refused
""",
    "sink_of_a_narrower_value": """
views.to(LONG_VIEWS)  # refused
""",
    "sink_of_a_table": """
users.to(USERS)  # refused
""",
    "stream_as_an_end": """
Topology("wrong", views)  # refused
""",
    "policy_that_is_not_there": """
Topology("wrong", views.to(VIEWS), on_error="ignore")  # refused
""",
    "timestamp_that_is_no_number": """
from streamapp import table
table(USERS, "a", timestamp=lambda user: user.country)  # refused
""",
    "reset_that_is_not_there": """
stream(VIEWS, reset="newest")  # refused
""",
    "stores_by_other_options": """
Topology("wrong", views.to(VIEWS), stores={"a": "in memory"})  # refused
""",
    "ttl_of_windows": """
views.group_by_key().windowed_by(tumbling(HOUR)).count("a", ttl=3)  # refused
""",
    "retention_without_windows": """
views.group_by_key().count("a", retention=3)  # refused
""",
    "query_of_another_key": """
from streamapp.testing.driver import TopologyDriver


def look(driver: TopologyDriver) -> None:
    driver.reader(users).get(5)  # refused
    driver.reader(users).as_of(5, 10)  # refused
    driver.reader(users).range(1, 2)  # refused
    driver.reader(users).fetch("ada")  # refused
    driver.reader(views.group_by_key().windowed_by(tumbling(HOUR)).count("a")).get("ada")  # refused
    driver.reader(views)  # refused
""",
}

CACHE = Path(__file__).parents[2] / ".mypy_cache" / "snippets"


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """By snippet and line, what mypy says; one run for all snippets, which are what takes its time."""
    folder = tmp_path_factory.mktemp("snippets")
    names = {**RIGHT, **WRONG}
    for name, snippet in names.items():
        (folder / f"{name}.py").write_text(PROLOGUE + snippet, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(CACHE)]
        + [f"{name}.py" for name in names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, dict[int, str]] = {name: {} for name in names}
    for line in done.stdout.splitlines():
        if match := re.match(r"(\w+)\.py:(\d+): error: (.*)", line):
            found[match[1]][int(match[2])] = match[3]
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_pass(name: str, refused: dict[str, dict[int, str]]) -> None:
    """Types flow through the steps, lambdas included."""
    assert refused[name] == {}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_refused(name: str, refused: dict[str, dict[int, str]]) -> None:
    """The error is at the line that is wrong, and nowhere else."""
    lines = (PROLOGUE + WRONG[name]).splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}
    assert set(refused[name]) == marked, refused[name]
