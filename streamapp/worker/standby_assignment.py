"""Who follows which task: every task has its standbys, evenly shared, where nobody runs it and where its state is.

Pure functions of the tasks' owners and the members' claims; knows nothing of Kafka's protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from streamapp.worker.assignment import Claim, TaskId


def assign_standbys(
    active: Mapping[str, Sequence[TaskId]], claims: Mapping[str, Claim], replicas: int
) -> dict[str, list[TaskId]]:
    """Gives each task `replicas` standbys, fewer where there are not as many other places to have them.

    Never two copies of a task in one place, for they would share a folder. Members have about the same number of
    tasks, run and followed ones together; a task is followed where it was followed before, or where its state lies,
    unless that member would have more than its share. Nobody follows anything while tasks are withheld. The same
    input gives the same answer on every machine.
    """
    if replicas < 1 or any(claim.withheld for claim in claims.values()):
        return {member: [] for member in sorted(active)}
    sharing = _Sharing(active, claims, replicas)
    sharing.keep()
    sharing.fill()
    sharing.level()
    return {member: sorted(tasks) for member, tasks in sharing.given.items()}


class _Sharing:
    """Standbys as they are being given out."""

    def __init__(self, active: Mapping[str, Sequence[TaskId]], claims: Mapping[str, Claim], replicas: int) -> None:
        self.given: dict[str, list[TaskId]] = {member: [] for member in sorted(active)}
        self._active = active
        self._claims = claims
        self._places = {member: claims[member].place or member for member in self.given}
        self._copies = {task: {self._places[member]} for member, tasks in sorted(active.items()) for task in tasks}
        """The places in which each task is, run or followed."""
        wanted = min(replicas + 1, len(set(self._places.values())))
        self._missing = dict.fromkeys(sorted(self._copies), wanted - 1)

    def keep(self) -> None:
        """Leaves standbys where they are, then where the state of their task lies; `level` takes what is too much."""
        for wanted in ("standby", "running", "stored"):
            for member in self.given:
                for task in getattr(self._claims[member], wanted):
                    if self._missing.get(task) and self._fits(task, member):
                        self._give(task, member)

    def fill(self) -> None:
        """Gives what is missing to those with the fewest tasks."""
        for task, count in sorted(self._missing.items()):
            for _ in range(count):
                self._give(task, min(self._fitting(task), key=lambda member: (self._load(member), member)))

    def level(self) -> None:
        """Moves standbys from members with more to members with fewer tasks, as long as that evens them out."""
        while move := next(self._moves(), None):
            task, old, new = move
            self.given[old].remove(task)
            self._copies[task].remove(self._places[old])
            self._missing[task] += 1
            self._give(task, new)

    def _moves(self) -> Iterator[tuple[TaskId, str, str]]:
        by_load = sorted(self.given, key=lambda member: (-self._load(member), member))
        for old in by_load:
            for new in reversed(by_load):
                if self._load(old) - self._load(new) < 2:
                    break
                for task in self.given[old]:
                    if self._fits(task, new) or self._fits_instead(task, old, new):
                        yield task, old, new

    def _load(self, member: str) -> int:
        return len(self._active[member]) + len(self.given[member])

    def _fitting(self, task: TaskId) -> list[str]:
        return [member for member in self.given if self._fits(task, member)]

    def _fits(self, task: TaskId, member: str) -> bool:
        return self._places[member] not in self._copies[task]

    def _fits_instead(self, task: TaskId, old: str, new: str) -> bool:
        """Whether the only copy in the place of `new` is that of `old`."""
        return self._places[old] == self._places[new] and task in self.given[old]

    def _give(self, task: TaskId, member: str) -> None:
        self.given[member].append(task)
        self._copies[task].add(self._places[member])
        self._missing[task] -= 1
