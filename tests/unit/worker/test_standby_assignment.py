"""Standbys: where no copy of their task is, evenly shared, and where they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamapp.worker.assignment import Claim, TaskId, assign_tasks
from streamapp.worker.standby_assignment import assign_standbys

TASKS: list[TaskId] = [(sub, partition) for sub in range(2) for partition in range(5)]

some_tasks = st.lists(st.sampled_from(TASKS), unique=True).map(tuple)
groups = st.dictionaries(
    st.sampled_from("abcde"),
    st.builds(Claim, running=some_tasks, stored=some_tasks, standby=some_tasks, place=st.sampled_from("uvwxyz")),
    min_size=1,
)


@given(groups, st.integers(0, 3))
def test_no_two_copies_of_a_task_share_a_place(group: dict[str, Claim], replicas: int) -> None:
    """Each task has as many standbys as were asked for, or as there are other places, each in a place of its own."""
    active = assign_tasks(TASKS, group)
    standbys = assign_standbys(active, group, replicas)
    copies: dict[TaskId, list[str]] = {task: [] for task in TASKS}
    for given_out in (active, standbys):
        for member, tasks in given_out.items():
            for task in tasks:
                copies[task].append(group[member].place)
    places = {claim.place for claim in group.values()}
    for found in copies.values():
        assert len(found) == len(set(found)) == min(replicas + 1, len(places))


@given(groups, st.integers(1, 3))
def test_members_with_places_of_their_own_have_as_much_to_do(group: dict[str, Claim], replicas: int) -> None:
    """Tasks that run and tasks that are followed together differ by one at most."""
    apart = {member: Claim(one.running, one.stored, (), one.standby, member) for member, one in group.items()}
    active = assign_tasks(TASKS, apart)
    standbys = assign_standbys(active, apart, replicas)
    loads = [len(active[member]) + len(standbys[member]) for member in apart]
    assert max(loads) - min(loads) <= 1


@given(groups, st.integers(1, 3))
def test_nothing_moves_when_nothing_has_changed(group: dict[str, Claim], replicas: int) -> None:
    """A second rebalance of the same members gives out the same standbys."""
    active = assign_tasks(TASKS, group)
    standbys = assign_standbys(active, group, replicas)
    then = {
        member: Claim(tuple(active[member]), (), (), tuple(standbys[member]), one.place)
        for member, one in group.items()
    }
    again = assign_tasks(TASKS, then)
    assert {member: sorted(tasks) for member, tasks in again.items()} == {
        member: sorted(tasks) for member, tasks in active.items()
    }
    assert assign_standbys(again, then, replicas) == standbys


def test_a_lost_members_tasks_go_to_their_standbys() -> None:
    """With one standby of each task, those of a member that is gone run where they were followed."""
    group = {member: Claim(place=member) for member in "abc"}
    tasks = TASKS[:6]
    active = assign_tasks(tasks, group)
    standbys = assign_standbys(active, group, 1)
    left = {
        member: Claim(tuple(active[member]), (), (), tuple(standbys[member]), member)
        for member in group
        if member != "b"
    }
    after = assign_tasks(tasks, left)
    for task in active["b"]:
        (heir,) = [member for member in left if task in standbys[member]]
        assert task in after[heir]


def test_fewer_members_than_copies_have_what_there_can_be() -> None:
    """One member has no standbys; two have one of each task however many were asked for."""
    assert assign_standbys({"a": TASKS}, {"a": Claim()}, 3) == {"a": []}
    two = {"a": Claim(), "b": Claim()}
    active = assign_tasks(TASKS, two)
    assert assign_standbys(active, two, 3) == {"a": sorted(active["b"]), "b": sorted(active["a"])}


def test_a_task_that_moves_is_followed_where_it_ran() -> None:
    """The member that must give a task up keeps its state up to date."""
    group = {"a": Claim(running=tuple(TASKS[:4])), "b": Claim()}
    active = assign_tasks(TASKS[:4], group)
    assert assign_standbys(active, group, 1) == {"a": sorted(active["b"]), "b": sorted(active["a"])}


def test_nobody_follows_while_tasks_are_withheld() -> None:
    """Who keeps the tasks from the workers keeps their logs to itself."""
    group = {"a": Claim(), "b": Claim(), "x": Claim(withheld=(0,))}
    assert assign_standbys(assign_tasks(TASKS, group), group, 1) == {"a": [], "b": [], "x": []}
