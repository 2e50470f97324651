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
    "filter_of_another_type": """
views.filter(of_users)  # refused
""",
    "filter_without_an_answer": """
views.filter(lambda view: view.page)  # refused
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
    "retention_without_windows": """
views.group_by_key().count("a", retention=3)  # refused
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
