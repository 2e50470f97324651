"""The driver that tests of topologies use: the same results in memory, on disk and over restarts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamapp import Record, Topic, Topology, Windowed, stream, table, tumbling
from streamapp.errors import NotFoundError, ProcessingError
from streamapp.testing.driver import TopologyDriver

VIEWS = Topic("views", key=str, value=str)
USERS = Topic("users", key=str, value=str)
COUNTS = Topic("counts", key=Windowed[str], value=int)
JOINED = Topic("joined", key=str, value=str)

Where = Literal["memory", "rocksdb"]
both_places = pytest.mark.parametrize("store", ["memory", "rocksdb"])


def refuse_bots(view: str) -> str:
    """Fails for one value."""
    if view == "bot":
        raise ValueError("no bots")
    return view


def topology(on_error: Any = "dead_letter") -> Topology:
    """Views joined with users, counted per country and window behind a repartition topic."""
    joined = stream(VIEWS).map_values(refuse_bots).join(table(USERS, "users"), lambda view, user: user, value=str)
    counts = joined.group_by(lambda country: country, "by-country", key=str)
    per_window = counts.windowed_by(tumbling(10, grace=5)).count("per-country")
    return Topology("visits", joined.to(JOINED), per_window.to_stream().to(COUNTS), on_error=on_error)


@both_places
def test_everything_a_record_causes_has_happened(store: Where) -> None:
    """Over repartition topics too; windows have their end."""
    with TopologyDriver(topology(), store=store) as driver:
        driver.pipe(USERS, "ada", "England", timestamp=0)
        driver.pipe(VIEWS, "ada", "/", timestamp=3)
        driver.pipe("views", "ada", "/", timestamp=14)
        assert driver.read(COUNTS) == [
            Record(Windowed("England", 0, 10), 1, 3),
            Record(Windowed("England", 10, 20), 1, 14),
        ]
        assert driver.pairs("joined") == [("ada", "England"), ("ada", "England")]
        assert driver.read(COUNTS) == []
        assert driver.table("per-country") == {Windowed("England", 0, 10): 1, Windowed("England", 10, 20): 1}
        assert driver.table("users") == {"ada": "England"}


def test_time_goes_on_where_it_was_unless_given() -> None:
    """The highest timestamp so far, at first 0."""
    with TopologyDriver(topology()) as driver:
        driver.pipe(USERS, "ada", "England")
        driver.pipe(VIEWS, "ada", "/", timestamp=7)
        driver.pipe(VIEWS, "ada", "/", timestamp=3)
        driver.pipe(VIEWS, "ada", "/")
        assert [record.timestamp for record in driver.read(JOINED)] == [7, 3, 7]


def test_what_was_left_out_is_told() -> None:
    """Dead letters, late and dropped records."""
    with TopologyDriver(topology()) as driver:
        driver.pipe(USERS, "ada", "England", timestamp=0)
        for value, time in (("/", 50), ("/", 3), ("bot", 51)):
            driver.pipe(VIEWS, "ada", value, timestamp=time)
        driver.pipe(VIEWS, None, "/", timestamp=52)
        driver.pipe_bytes(VIEWS, b"ada", b"\xff", timestamp=53)
        assert [(letter.row[1], letter.stage) for letter in driver.dead_letters] == [(51, "process"), (53, "decode")]
        assert driver.late == {"per-country": 1}
        assert sum(driver.dropped.values()) == 1


def test_a_topology_whose_policy_is_to_fail_raises() -> None:
    """Out of the pipe that caused it."""
    with TopologyDriver(topology("fail")) as driver, pytest.raises(ProcessingError, match="no bots"):
        driver.pipe(VIEWS, "ada", "bot")


@both_places
def test_a_restart_keeps_rows_clocks_and_counters(store: Where) -> None:
    """What was late before is late after."""
    with TopologyDriver(topology(), store=store) as driver:
        driver.pipe(USERS, "ada", "England", timestamp=0)
        driver.pipe(VIEWS, "ada", "/", timestamp=50)
        driver.pipe(VIEWS, "ada", "/", timestamp=3)
        before = driver.table("per-country"), driver.table("users"), driver.late
        driver.restart()
        assert (driver.table("per-country"), driver.table("users"), driver.late) == before
        driver.read(COUNTS)
        driver.pipe(VIEWS, "ada", "/", timestamp=4)
        driver.pipe(VIEWS, "ada", "/", timestamp=51)
        assert driver.pairs(COUNTS) == [(Windowed("England", 50, 60), 2)]
        assert driver.late == {"per-country": 2}


def test_a_folder_can_be_opened_by_another_driver(tmp_path: Path) -> None:
    """State stays where it was put; its logs were the first driver's."""
    for expected in (1, 2):
        with TopologyDriver(
            Topology("t", stream(VIEWS).group_by_key().count("per-key")), store="rocksdb", path=tmp_path
        ) as driver:
            driver.pipe(VIEWS, "ada", "/")
            driver.commit()
            assert driver.table("per-key") == {"ada": expected}


def test_a_commit_removes_windows_older_than_their_retention() -> None:
    """Size, grace and a millisecond, back from stream time."""
    with TopologyDriver(topology()) as driver:
        driver.pipe(USERS, "ada", "England", timestamp=0)
        for time in (3, 15, 40):
            driver.pipe(VIEWS, "ada", "/", timestamp=time)
        assert len(driver.table("per-country")) == 3
        driver.commit()
        assert driver.table("per-country") == {Windowed("England", 40, 50): 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda driver: driver.pipe("nowhere", "k", "v"), "does not read 'nowhere'; it reads "),
        (lambda driver: driver.pipe(COUNTS, "k", "v"), "does not read 'counts'"),
        (lambda driver: driver.read(VIEWS), "nothing writes to 'views'; sinks are "),
        (lambda driver: driver.table("nothing"), r"no table 'nothing'; it has \['per-country', 'users'\]"),
    ],
)
def test_names_it_does_not_know_are_refused(call: Callable[[TopologyDriver], object], message: str) -> None:
    """With those there are."""
    with TopologyDriver(topology()) as driver, pytest.raises(NotFoundError, match=message):
        call(driver)


def test_a_table_is_restored_as_its_task_would_have_read_it() -> None:
    """What went to the dead letters, or had no key, is not in it after a restart either."""
    with TopologyDriver(Topology("t", table(Topic("prices", key=str, value=int), "prices"))) as driver:
        driver.pipe("prices", "a", 1)
        driver.pipe_bytes("prices", b"a", b"many")
        driver.pipe_bytes("prices", None, b"7")
        for _ in range(2):
            assert driver.table("prices") == {"a": 1}
            driver.restart()


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("users"), st.sampled_from("abc"), st.sampled_from(["England", "France", None]), st.integers(0, 80)
        ),
        st.tuples(st.just("views"), st.sampled_from("abc"), st.sampled_from(["/", "bot"]), st.integers(0, 80)),
        st.just("commit"),
        st.just("restart"),
    ),
    max_size=30,
)


def played(steps: list[Any], store: Where, interruptions: frozenset[str]) -> tuple[Any, ...]:
    """Everything that can be seen after the steps; interruptions not asked for are left out."""
    with TopologyDriver(topology(), store=store) as driver:
        for step in steps:
            if isinstance(step, tuple):
                driver.pipe(step[0], step[1], step[2], timestamp=step[3])
            elif step in interruptions:
                getattr(driver, step)()
        driver.commit()
        return (
            driver.read(COUNTS),
            driver.read(JOINED),
            driver.table("users"),
            driver.table("per-country"),
            driver.late,
            [letter.row for letter in driver.dead_letters],
        )


@given(STEPS)
@settings(max_examples=50, deadline=None)
def test_commits_and_restarts_change_no_result(steps: list[Any]) -> None:
    """Outputs, rows, late records and dead letters are the same however often it was interrupted."""
    undisturbed = played(steps, "memory", frozenset())
    assert played(steps, "memory", frozenset({"commit"})) == undisturbed
    assert played(steps, "memory", frozenset({"commit", "restart"})) == undisturbed


@given(STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_place_of_the_stores_changes_no_result(steps: list[Any]) -> None:
    """On disk it is as in memory."""
    on_disk = played(steps, "rocksdb", frozenset({"commit", "restart"}))
    assert on_disk == played(steps, "memory", frozenset())
