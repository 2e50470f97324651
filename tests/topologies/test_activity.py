"""The topology `activity`: visits, views per minute, the top pages and who looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import HOUR, MINUTE, Session, Windowed
from streamapp.testing.driver import TopologyDriver
from topologies import activity
from topologies.activity import TOP, Page, Visit, merge
from topologies.events import ACTIVITY, USERS, Activity, User


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(activity.topology) as running:
        yield running


def test_a_visit_lasts_until_nothing_comes_for_half_an_hour(driver: TopologyDriver) -> None:
    """Exactly 30 minutes are the same visit, a millisecond more is the next."""
    last = 60 * MINUTE + 1
    for timestamp, page in ((0, "/"), (30 * MINUTE, "/sale"), (last, "/")):
        driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", page), timestamp=timestamp)
    assert driver.table("visits") == {
        Session("ada", 0, 30 * MINUTE): Visit("/", "/sale", 2),
        Session("ada", last, last): Visit("/", "/", 1),
    }


def test_an_action_between_two_visits_makes_them_one(driver: TopologyDriver) -> None:
    """With first and last page in order of time; other visitors have visits of their own."""
    driver.pipe(ACTIVITY, "bob", Activity("bob", "viewed", "/"), timestamp=0)
    for timestamp, page in ((0, "/a"), (32 * MINUTE, "/c"), (16 * MINUTE, "/b")):
        driver.pipe(ACTIVITY, "ada", Activity("ada", "searched", page), timestamp=timestamp)
    found = driver.table("visits")
    assert found[Session("ada", 0, 32 * MINUTE)].actions == 3
    assert found[Session("bob", 0, 0)] == Visit("/", "/", 1)
    assert merge(Visit("/a", "/a", 1), Visit("/c", "/d", 2)) == Visit("/a", "/d", 3)


def test_views_are_counted_per_page_and_minute(driver: TopologyDriver) -> None:
    """What is no view is not; a view that is more than the grace late is dropped and counted."""
    for timestamp, action in ((0, "viewed"), (MINUTE - 1, "viewed"), (MINUTE - 1, "searched"), (MINUTE, "viewed")):
        driver.pipe(ACTIVITY, "ada", Activity("ada", action, "/"), timestamp=timestamp)
    assert driver.table("views-per-minute") == {
        Windowed("/", 0, MINUTE): 2,
        Windowed("/", MINUTE, 2 * MINUTE): 1,
    }
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"), timestamp=HOUR)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"), timestamp=0)
    assert driver.table("views-per-minute")[Windowed("/", 0, MINUTE)] == 2
    assert sum(driver.late.values()) >= 1


def test_the_top_pages_are_in_order(driver: TopologyDriver) -> None:
    """Ten of twelve, the most viewed first, then by name; a page moves up when it is viewed."""
    for number in range(12):
        driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", f"/{number:02}"))
    (pages,) = driver.table("top-pages").values()
    assert pages == tuple(Page(f"/{number:02}", 1) for number in range(TOP))
    driver.pipe(ACTIVITY, "bob", Activity("bob", "viewed", "/11"))
    (pages,) = driver.table("top-pages").values()
    assert pages[:2] == (Page("/11", 2), Page("/00", 1))
    assert len(pages) == TOP


def test_actions_are_counted_by_who_did_them(driver: TopologyDriver) -> None:
    """As the profile was at that time; visitors that are not known are left out."""
    driver.pipe(USERS, "ada", User("Ada", "England", "trade"), timestamp=0)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"), timestamp=1)
    driver.pipe(USERS, "ada", User("Ada", "England", "private"), timestamp=2)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "searched", "/"), timestamp=3)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"), timestamp=4)
    driver.pipe(ACTIVITY, "nobody", Activity("nobody", "viewed", "/"), timestamp=5)
    assert driver.table("actions-per-segment") == {
        Windowed("trade", 0, HOUR): 1,
        Windowed("private", 0, HOUR): 2,
    }
