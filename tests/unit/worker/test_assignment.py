"""Whole tasks, evenly shared, that stay where their state is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamapp.worker.assignment import (
    Claim,
    Duties,
    TaskId,
    assign_tasks,
    decode_claim,
    decode_duties,
    encode_claim,
    encode_duties,
    partitions_of,
    tasks_of,
)

TOPICS = {"orders": 0, "payments": 0, "by-country-repartition": 1}
COUNTS = {"orders": 3, "payments": 2, "by-country-repartition": 4}
TASKS = tasks_of(TOPICS, COUNTS)

claims = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(
        Claim,
        running=st.lists(st.sampled_from(TASKS), unique=True).map(tuple),
        stored=st.lists(st.sampled_from(TASKS), unique=True).map(tuple),
    ),
    min_size=1,
)


def test_a_subtopology_has_as_many_tasks_as_its_widest_source() -> None:
    """Tasks are counted by the widest topic, and none is made for a topic that does not exist."""
    assert TASKS == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert tasks_of({"missing": 0}, {}) == []


def test_a_task_takes_the_same_partition_of_all_its_sources() -> None:
    """Co-partitioned topics go together, and a narrower one ends where it ends."""
    assert partitions_of([(0, 1), (0, 2)], TOPICS, COUNTS) == {"orders": [1, 2], "payments": [1]}


@given(claims)
def test_every_task_runs_once_and_evenly(group: dict[str, Claim]) -> None:
    """Whatever members claim, each task has one owner and no member has two more than another."""
    shared = assign_tasks(TASKS, group)
    everything: list[TaskId] = [task for tasks in shared.values() for task in tasks]
    assert sorted(everything) == TASKS
    sizes = [len(tasks) for tasks in shared.values()]
    assert max(sizes) - min(sizes) <= 1


def test_a_joining_member_takes_no_more_than_its_share() -> None:
    """Of two members, the one that ran everything keeps its half: of each sub-topology, since they differ in load."""
    shared = assign_tasks(TASKS, {"old": Claim(running=tuple(TASKS)), "new": Claim()})
    assert shared["old"] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert shared["new"] == [(0, 2), (1, 2), (1, 3)]


def test_members_that_share_evenly_keep_what_they_run() -> None:
    """Also where one runs all of a sub-topology: nothing that is restored moves only to be spread better."""
    tasks = [(sub, partition) for sub in range(2) for partition in range(4)]
    group = {"a": Claim(running=tuple(tasks[:4])), "b": Claim(running=tuple(tasks[4:]))}
    assert assign_tasks(tasks, group) == {"a": tasks[:4], "b": tasks[4:]}


def test_who_gives_tasks_away_gives_those_of_which_others_have_the_state() -> None:
    """A worker that was away for longer than its session has its own tasks back, not others of which it has nothing."""
    old = Claim(running=tuple(TASKS), stored=tuple(TASKS))
    mine = ((0, 0), (1, 0), (1, 1))
    assert sorted(assign_tasks(TASKS, {"old": old, "back": Claim(stored=mine)})["back"]) == sorted(mine)
    assert sorted(assign_tasks(TASKS, {"old": old, "follows": Claim(standby=mine)})["follows"]) == sorted(mine)


def test_a_task_returns_to_the_folder_that_holds_its_state() -> None:
    """After a restart nothing runs, and stored state decides."""
    shared = assign_tasks(TASKS, {"a": Claim(stored=((1, 3),)), "b": Claim(stored=((0, 0), (0, 1)))})
    assert (1, 3) in shared["a"]
    assert (0, 0) in shared["b"]
    assert (0, 1) in shared["b"]


def test_a_claim_survives_the_wire_and_a_foreign_one_claims_nothing() -> None:
    """User data of another assignor is no reason to fail."""
    claim = Claim(running=((0, 1),), stored=((1, 2), (0, 0)))
    assert decode_claim(encode_claim(claim)) == claim
    assert decode_claim(b"\xc1garbage") == Claim()
    assert decode_claim(b"") == Claim()


def test_what_is_withheld_runs_nowhere_while_the_rest_is_shared() -> None:
    """It all goes to the first who withholds, whatever the others hold; without them all is shared again."""
    tasks = [(sub, partition) for sub in range(3) for partition in range(2)]
    claims = {
        "a": Claim(running=((0, 0), (1, 0))),
        "b": Claim(),
        "x": Claim(withheld=(0,)),
        "y": Claim(withheld=(0, 1)),
    }
    shared = assign_tasks(tasks, claims)
    assert set(shared["x"]) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert shared["y"] == []
    assert sorted(shared["a"] + shared["b"]) == [(2, 0), (2, 1)]
    assert assign_tasks(tasks, {"x": Claim(withheld=(0, 1, 2))}) == {"x": tasks}
    assert len(assign_tasks(tasks, {name: claims[name] for name in "ab"})["a"]) == 3


def test_a_standby_that_is_near_comes_before_an_old_folder() -> None:
    """Of two members with the state of a lost worker's task, the one that followed its log gets it."""
    group = {"a": Claim(running=((0, 0),), stored=((0, 0), (0, 1))), "b": Claim(standby=((0, 1),), stored=((0, 1),))}
    assert assign_tasks([(0, 0), (0, 1)], group) == {"a": [(0, 0)], "b": [(0, 1)]}


def test_duties_survive_the_wire_and_strangers_ask_for_nothing() -> None:
    """Bytes of the leader give back its duties; anything else gives none."""
    duties = Duties(standby=((0, 1), (2, 0)))
    assert decode_duties(encode_duties(duties)) == duties
    assert decode_duties(b"") == decode_duties(b"\xc1garbage") == Duties()
