"""The topology `enrichment`: activities with who did them, as that was known then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.testing.driver import TopologyDriver
from topologies import enrichment
from topologies.events import ACTIVITY, ENRICHED_ACTIVITY, USERS, Activity, EnrichedActivity, User

ADA = User("Ada", "England", "trade")


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(enrichment.topology) as running:
        yield running


def test_an_activity_gets_its_user(driver: TopologyDriver) -> None:
    """Every field of both, with the activity's key and time."""
    driver.pipe(USERS, "ada", ADA, timestamp=0)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/sale"), timestamp=5)
    (record,) = driver.read(ENRICHED_ACTIVITY)
    assert record.value == EnrichedActivity("ada", "Ada", "England", "trade", "viewed", "/sale")
    assert (record.key, record.timestamp) == ("ada", 5)


def test_activities_of_unknown_users_are_left_out(driver: TopologyDriver) -> None:
    """Nor do they come when the user becomes known later."""
    driver.pipe(ACTIVITY, "bob", Activity("bob", "viewed", "/"))
    driver.pipe(USERS, "bob", User("Bob", "Wales", "private"))
    assert driver.read(ENRICHED_ACTIVITY) == []


def test_a_change_of_a_user_counts_from_then_on(driver: TopologyDriver) -> None:
    """The table holds the newest; what was written before stays."""
    driver.pipe(USERS, "ada", ADA)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"))
    driver.pipe(USERS, "ada", User("Ada", "Norway", "private"))
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/sale"))
    assert [value.country for _, value in driver.pairs(ENRICHED_ACTIVITY)] == ["England", "Norway"]


def test_a_user_that_is_deleted_is_unknown(driver: TopologyDriver) -> None:
    """A null value deletes, as everywhere in Kafka."""
    driver.pipe(USERS, "ada", ADA)
    driver.pipe(USERS, "ada", None)
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"))
    assert driver.read(ENRICHED_ACTIVITY) == []
    assert driver.table("users") == {}


def test_an_activity_without_key_has_no_user(driver: TopologyDriver) -> None:
    """It is dropped and counted; the join is by key, not by what the value says."""
    driver.pipe(USERS, "ada", ADA)
    driver.pipe(ACTIVITY, None, Activity("ada", "viewed", "/"))
    assert driver.read(ENRICHED_ACTIVITY) == []
    assert sum(driver.dropped.values()) == 1


def test_users_are_known_after_a_restart(driver: TopologyDriver) -> None:
    """The table comes back from the topic it is made of."""
    driver.pipe(USERS, "ada", ADA)
    driver.restart()
    driver.pipe(ACTIVITY, "ada", Activity("ada", "viewed", "/"))
    assert len(driver.read(ENRICHED_ACTIVITY)) == 1
