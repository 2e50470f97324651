"""Who runs which task: whole tasks are assigned, evenly, and stay where their state is.

A task is one sub-topology and one partition number; all its source partitions go to one member, because they share
state (co-partitioning). Pure functions of the group's members; knows nothing of Kafka's protocol.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import msgspec

TaskId = tuple[int, int]
"""Sub-topology and partition."""

Topics = Mapping[str, int]
"""Source topics, each with the number of the sub-topology that reads it."""


class Claim(msgspec.Struct, frozen=True):
    """What a member tells the leader: the tasks it runs now, and those whose state lies in its folder.

    `standby` are the tasks it follows and is not far behind; members with the same `place` share a state folder.
    `withheld` are sub-topologies whose tasks nobody is to run while it is in the group: it gets them itself.
    """

    running: tuple[TaskId, ...] = ()
    stored: tuple[TaskId, ...] = ()
    withheld: tuple[int, ...] = ()
    standby: tuple[TaskId, ...] = ()
    place: str = ""


class Duties(msgspec.Struct, frozen=True):
    """What the leader tells a member beside the partitions it is given: the tasks to follow."""

    standby: tuple[TaskId, ...] = ()


def decode_claim(data: bytes) -> Claim:
    """The claim a member sent; a member that sent none, or another version's, claims nothing."""
    try:
        return msgspec.msgpack.decode(data, type=Claim)
    except msgspec.DecodeError:
        return Claim()


def encode_claim(claim: Claim) -> bytes:
    """The claim as bytes for the group protocol."""
    return msgspec.msgpack.encode(claim)


def decode_duties(data: bytes) -> Duties:
    """What the leader told; one that told nothing, or is of another version, asks for nothing."""
    try:
        return msgspec.msgpack.decode(data, type=Duties)
    except msgspec.DecodeError:
        return Duties()


def encode_duties(duties: Duties) -> bytes:
    """The duties as bytes for the group protocol."""
    return msgspec.msgpack.encode(duties)


def tasks_of(topics: Topics, counts: Mapping[str, int]) -> list[TaskId]:
    """Every task there is: a sub-topology has as many as its widest source topic has partitions."""
    widths: dict[int, int] = defaultdict(int)
    for topic, subtopology in topics.items():
        widths[subtopology] = max(widths[subtopology], counts.get(topic, 0))
    return [(subtopology, partition) for subtopology in sorted(widths) for partition in range(widths[subtopology])]


def assign_tasks(tasks: Sequence[TaskId], claims: Mapping[str, Claim]) -> dict[str, list[TaskId]]:
    """Shares tasks evenly (sizes differ by one at most) and keeps each where it runs, else where its state lies.

    Of the members with its state, one that follows its log comes before one that only has an old folder. A member that
    has more than its share keeps some of each sub-topology, and first those of which nobody else has the state.

    The same input gives the same answer on every machine. KIP-54's stickiness, applied to tasks.
    """
    if holders := sorted(member for member, claim in claims.items() if claim.withheld):
        return _withheld(tasks, claims, holders)
    members = sorted(claims)
    if not members:
        return {}
    least, extra = divmod(len(tasks), len(members))
    mine: dict[str, list[TaskId]] = {member: [] for member in members}
    parts: Counter[tuple[str, int]] = Counter()  # how many of a sub-topology a member has
    most = {number: -(-width // len(members)) for number, width in Counter(number for number, _ in tasks).items()}
    open_tasks = dict.fromkeys(tasks)
    for member, task, spread in _wishes(claims):
        fits = len(mine[member]) < least + (extra > 0)
        if task in open_tasks and fits and not (spread and parts[member, task[0]] >= most[task[0]]):
            extra -= len(mine[member]) == least
            mine[member].append(task)
            parts[member, task[0]] += 1
            del open_tasks[task]
    for task in open_tasks:
        mine[min(members, key=lambda member: (len(mine[member]), member))].append(task)
    return mine


def _wishes(claims: Mapping[str, Claim]) -> Iterator[tuple[str, TaskId, bool]]:
    """Who may have which task, the best reason first, and whether only as one of an equal share of its sub-topology.

    Of one member's tasks those come first for which others are worst prepared.
    """
    followed = Counter(task for claim in claims.values() for task in set(claim.standby))
    stored = Counter(task for claim in claims.values() for task in set(claim.stored))
    elsewhere = {
        member: (followed - Counter(set(claim.standby)), stored - Counter(set(claim.stored)))
        for member, claim in sorted(claims.items())
    }
    for wanted, spread in product(("running", "standby", "stored"), (True, False)):
        for member, (near, old) in elsewhere.items():
            claim = claims[member]
            for _, _, task in sorted((task in near, task in old, task) for task in getattr(claim, wanted)):
                yield member, task, spread


def _withheld(tasks: Sequence[TaskId], claims: Mapping[str, Claim], holders: Sequence[str]) -> dict[str, list[TaskId]]:
    """What is left to share when `holders` keep some from everybody."""
    held = {number for member in holders for number in claims[member].withheld}
    others = {member: claim for member, claim in claims.items() if not claim.withheld}
    shared = assign_tasks([task for task in tasks if task[0] not in held], others)
    return shared | {
        holder: [task for task in tasks if task[0] in held] if holder == holders[0] else [] for holder in holders
    }


def partitions_of(tasks: Sequence[TaskId], topics: Topics, counts: Mapping[str, int]) -> dict[str, list[int]]:
    """The source partitions that come with `tasks`."""
    partitions: dict[str, list[int]] = {}
    for topic, subtopology in sorted(topics.items()):
        found = [number for sub, number in tasks if sub == subtopology and number < counts.get(topic, 0)]
        if found:
            partitions[topic] = found
    return partitions
