"""Records that others wrote into a changelog between two of our commits: found when we commit, and overwritten.

A restore ends where the last commit ended, so what was written behind it harms only once we commit again. Then there
is a gap between our records: transaction markers, batches that were aborted or given up, or somebody else's records.
Whatever keys a gap holds are written again as the store has them, in the same commit; of our own that changes nothing.
Knows nothing of when to commit.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from streamapp.errors import ConfigurationError, StreamappError
from streamapp.kafka import OffsetOutOfRangeError, RetriableKafkaError
from streamapp.kafka.interfaces import Consumer, Row, Writer
from streamapp.worker.clock import monotonic
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask, TopicPartition

logger = logging.getLogger(__name__)

_ROUNDS = 5
"""Times a changelog is overwritten in one commit before the commit is tried again from its beginning."""

_STUBBORN = 20.0
"""Seconds until whoever writes there must be stopped first: a member that has to go may write, too, until it hears."""

_MOST = 1_000_000
"""Offsets of a gap that are read while a transaction is open, some seconds of work."""

_PATIENCE = 5.0
"""Seconds to wait for a gap to be read: less than a transaction may be open."""

_WAIT = 0.2
"""Seconds to wait for a fetch."""

Gap = tuple[int, int]
"""The first offset, and the one after the last."""

Ends = dict[TopicPartition, int]


class ForeignRecordsError(ConfigurationError):
    """Somebody else writes to a changelog, faster or more than can be overwritten."""


class Intruders:
    """Looks into the gaps with `reader`, which is its own and reads uncommitted; `markers` follow each commit of ours.

    A gap right behind our own commit that is no longer than its markers is not read.
    """

    def __init__(self, reader: Consumer, markers: int) -> None:
        self._reader = reader
        self._markers = markers
        self._since: float | None = None
        """When others began to write faster than we do."""

    async def overwrite(self, tasks: Iterable[RunningTask], names: Names, writer: Writer, ends: Ends) -> Ends:
        """Writes what the stores of `tasks` have for keys that others wrote; gives the `ends` of the logs then.

        To be called when everything of the commit is flushed. Raises what `flush` raises, `RetriableKafkaError` when
        a gap cannot be read or others go on writing, and `ForeignRecordsError` when they do so for long.
        """
        logs = {
            (names.changelog(spec.name), task.partition): (task, spec.name)
            for task in tasks
            for spec in task.subtopology.stores
            if spec.log == "changelog"
        }
        gaps = {
            at: found
            for at, (task, store) in logs.items()
            if (found := _gaps(task.log_ends.get(store, 0), writer.stretches.get(at, ()), self._usual(task, store)))
        }
        for _ in range(_ROUNDS):
            if not gaps or not await self._again(logs, gaps, writer):
                self._since = None
                return ends
            before, ends = ends, {**ends, **await writer.flush()}
            gaps = {at: found for at in gaps if (found := _gaps(before[at], writer.stretches.get(at, ()), 0))}
        raise self._outrun(min(gaps))

    def _outrun(self, at: TopicPartition) -> StreamappError:
        now = monotonic()
        if self._since is None:
            self._since = now
        if now - self._since > _STUBBORN:
            return _too_much(at, "others write to it all the time")
        return RetriableKafkaError(f"others write to changelog {at[0]!r} partition {at[1]}, faster than we do")

    def _usual(self, task: RunningTask, store: str) -> int:
        return self._markers if store in task.ended_by_us else 0

    async def _again(
        self,
        logs: Mapping[TopicPartition, tuple[RunningTask, str]],
        gaps: Mapping[TopicPartition, Sequence[Gap]],
        writer: Writer,
    ) -> int:
        """Puts what the stores have for the keys in the gaps; gives how many there are."""
        count = 0
        for at, keys in (await self._keys(gaps)).items():
            task, store = logs[at]
            for key, value, timestamp in task.state.logged(store, keys):
                writer.put(*at, timestamp, key, value, ())
            count += len(keys)
            logger.warning(
                "changelog %r partition %d: %d keys were written between offsets %d and %d that are of no commit of "
                "task %s (by others, or given up by a worker); written again as store %r has them",
                *at, len(keys), gaps[at][0][0], gaps[at][-1][1], task.name, store,
            )  # fmt: skip
        return count

    async def _keys(self, gaps: Mapping[TopicPartition, Sequence[Gap]]) -> dict[TopicPartition, dict[bytes, int]]:
        """The keys of the records in the gaps, with the timestamp of the last of each."""
        for at, found in gaps.items():
            if sum(end - start for start, end in found) > _MOST:
                raise _too_much(at, f"{found[0][0]} to {found[-1][1]} is not ours, more than {_MOST} offsets")
        keys: dict[TopicPartition, dict[bytes, int]] = {}
        left = {at: found[-1][1] for at, found in gaps.items()}
        self._reader.assign(gaps)
        for at, found in gaps.items():
            self._reader.seek(at, found[0][0])
        began = monotonic()
        try:
            while left:
                for at, rows, following in await self._read(left):
                    among = gaps[at]
                    new = {key: time for offset, time, key, _, _ in rows if key is not None and _within(offset, among)}
                    if new:
                        keys.setdefault(at, {}).update(new)
                    if following >= left[at]:
                        del left[at]
                if left and monotonic() - began > _PATIENCE:
                    raise RetriableKafkaError(f"changelogs {sorted(left)} cannot be read up to what was just written")
        finally:
            self._reader.assign([])
        return keys

    async def _read(self, wanted: Mapping[TopicPartition, int]) -> list[tuple[TopicPartition, list[Row], int]]:
        """Some records of each, and where it goes on; what was deleted meanwhile is passed over."""
        try:
            batches = await self._reader.take(set(wanted), _WAIT)
        except OffsetOutOfRangeError as error:
            if not error.below:
                raise
            self._reader.seek(error.at, error.start)
            return [(error.at, [], error.start)]
        return [(at, fetched.rows(), fetched.next) for at, fetched in batches.items()]


def _gaps(end: int, written: Sequence[Gap], usual: int) -> list[Gap]:
    """What lies between `end` of the log, as it was, and what was written since; `usual` offsets at first may be."""
    gaps: list[Gap] = []
    at = end
    for first, behind in written:
        if first - at > (0 if gaps or at != end else usual):
            gaps.append((at, first))
        at = behind
    return gaps


def _within(offset: int, gaps: Sequence[Gap]) -> bool:
    return any(start <= offset < end for start, end in gaps)


def _too_much(at: TopicPartition, why: str) -> ForeignRecordsError:
    return ForeignRecordsError(
        f"changelog {at[0]!r} partition {at[1]} holds records that are not ours ({why}): nothing is committed. Keep "
        "others from writing there; if it goes on after that, run 'streamapp TOPOLOGY reset' to rebuild it from its "
        "sources"
    )
