"""One sub-topology on one partition: records in; records to send, state changes and times out.

The worker, the test driver and every other way to run a topology drive this same class. Decodes, runs the
operators depth first per record, and treats each record as atomic. No I/O; knows nothing of offsets beyond
naming them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamapp.dsl.failure import OnError, Stage
from streamapp.dsl.processor import TimeKind
from streamapp.engine.ahead import Ahead
from streamapp.engine.async_calls import calls_of
from streamapp.engine.failure import DeadLetter, Policy, is_of_record, stage_of
from streamapp.engine.limits import Limits
from streamapp.engine.operator import BEFORE_ALL, Context, Here
from streamapp.engine.operators import as_of_of, view_of
from streamapp.engine.records import Output, Row
from streamapp.engine.silence import Silence, moved
from streamapp.engine.specs import SubTopology
from streamapp.engine.store import Store, undo
from streamapp.engine.timestamps import stamps_of
from streamapp.engine.trace import author_function
from streamapp.engine.wiring import build, functions_of
from streamapp.errors import ProcessingError

__all__ = ["DeadLetter", "Task"]


class Task:
    """Runs `subtopology` for one partition on `stores`, which it binds to its journal.

    `application` names the topology in event ids and errors; `global_stores` are read, and belong to others.
    `limits` are what the topic of each sink accepts; without them everything. Without `effects`, peek, for_each and
    print do nothing. Not thread-safe.
    """

    def __init__(
        self,
        subtopology: SubTopology,
        partition: int,
        stores: Mapping[str, Store],
        *,
        application: str,
        on_error: OnError = "dead_letter",
        global_stores: Mapping[str, Store] | None = None,
        limits: Sequence[Limits] = (),
        effects: bool = True,
    ) -> None:
        self.subtopology = subtopology
        self.partition = partition
        self.dead_letters: list[DeadLetter] = []
        self._application = application
        self._policy = Policy(application, on_error)
        self._here = Here(partition)
        self._context = Context(
            application,
            self._here,
            stores,
            view_of,
            as_of_of,
            subtopology.codec_for,
            changes=subtopology.changes,
            global_stores=global_stores or {},
            limits=limits,
            effects=effects,
        )
        self._journal = self._context.journal
        self._context.functions += functions_of(subtopology)
        for store in stores.values():
            store.bind(self._journal)
        entries = build(subtopology, self._context)
        self._processors = bool(self._context.starters)
        self._silence = Silence(subtopology.idle_timeout_ms)
        self._ahead = Ahead(subtopology)
        self._calls = calls_of(subtopology, self._context)
        self._stamps = stamps_of(subtopology, self._context)
        self._entries = {source.topic: (source, entries[source.topic]) for source in subtopology.sources}
        for source in subtopology.sources:
            self._context.clock(_partition_clock(source.topic))

    @property
    def outputs(self) -> list[Output]:
        """What there is to send, in order; drained by `take_outputs`."""
        return self._context.outputs

    @property
    def late(self) -> dict[str, int]:
        """Records dropped as late, by operator, ever: part of the operators' state."""
        return self._context.late

    @property
    def dropped(self) -> dict[str, int]:
        """Records dropped for a null key or value, by operator, since the task was opened."""
        return self._context.dropped

    @property
    def asks_for(self) -> int | None:
        """For how many records `ask` should be called at once; None: it need not be called."""
        return min((calls.at_once for calls in self._calls.values()), default=None)

    async def ask(self, topic: str, rows: Sequence[Row]) -> None:
        """Awaits what the author's asynchronous functions answer for the records that are to be processed next."""
        calls = self._calls.get(topic)
        if calls is not None:
            await calls.make(rows)

    def process(self, topic: str, rows: Sequence[Row]) -> None:
        """Runs consecutive records of one source topic; what they cause is in `outputs` and `dead_letters`.

        Punctuations by stream time come behind the record that makes them due. Raises `ProcessingError` for a
        record that fails when the policy is to fail, and `RetryLaterError` when it is to be tried again; the records
        before it stay.
        """
        self._silence.broken(self._here.wall_clock)
        if not self._processors:
            self._run(topic, rows)
            return
        self._start()
        latest = self._ahead.latest(topic)
        for row in rows:
            if row[1] <= latest:
                self._observe(topic, row[1])
            self._run(topic, (row,))
            self._punctuate("stream_time", self._stream_time())

    def refuse(self, topic: str, row: Row, error: Exception) -> None:
        """Takes a record for one whose results cannot be written, as was found out after it was processed and undone.

        Raises as `process` does.
        """
        here = self._here
        here.topic, here.row, here.mark = topic, row, len(self.outputs)
        self._failed(error, "produce")
        self._observe(topic, row[1])

    def tell(self, now: int) -> None:
        """Tells the wall-clock time `now` (ms), which bounds the timestamps of what is processed next."""
        self._ahead.advance(now)

    def punctuate(self, now: int) -> None:
        """Calls what is due at the wall-clock time `now` (ms), which processors see until the next call.

        Lets stream time go on after a silence. Raises `ProcessingError` when one fails and the policy is to fail, or
        to put a record aside: there is none.
        """
        self._here.wall_clock = now
        self._start()
        self._punctuate("wall_clock", now)
        if by := self._silence.passed(now):
            self._let_pass(by, now)

    def not_idle(self, now: int) -> None:
        """Records wait at the wall-clock time `now` (ms), though none is processed."""
        self._silence.broken(now)

    @property
    def punctuates_at(self) -> int | None:
        """When (ms) there is next something due by the wall clock; None when there is not."""
        self._start()
        due = (self._context.punctuations.next_at("wall_clock"), self._silence.ends_at)
        return min((at for at in due if at is not None), default=None)

    def stamp(self, topic: str, rows: Sequence[Row]) -> Sequence[Row]:
        """The records with the timestamps that the author's function gives them, before they are queued.

        Where it fails, or gives none, they keep their own until they are processed, and fail or are dropped then.
        """
        stamps = self._stamps.get(topic)
        return rows if stamps is None else stamps.stamp(rows)

    def close(self) -> None:
        """Tells the processors that this is the end, as far as they have been initialised."""
        started = len(self._context.closers) - len(self._context.starters)
        for close in self._context.closers[:started]:
            close()

    def _run(self, topic: str, rows: Sequence[Row]) -> None:
        source, forward = self._entries[topic]
        decode_key, decode_value = source.key.decode, source.value.decode
        here, journal, outputs = self._here, self._journal, self._context.outputs
        here.topic = topic
        stamps = self._stamps.get(topic)
        newest, latest = BEFORE_ALL, self._ahead.latest(topic)
        for row in rows:
            here.row = row
            here.mark = len(outputs)
            _, timestamp, key, value, headers = row
            if timestamp > newest:
                if timestamp > latest:
                    self._failed(self._ahead.error(timestamp), "process", "max_ahead_ms")
                    continue
                newest = timestamp
            decoded = False
            try:
                if key is not None:
                    key = decode_key(key)
                if value is not None:
                    value = decode_value(value)
                decoded = True
                if stamps is not None and not stamps.accepts(row):
                    continue
                forward(key, value, timestamp, headers)
            except Exception as error:  # the author's code and codecs may raise anything
                if not is_of_record(error):
                    raise
                self._failed(error, stage_of(error) if decoded else "decode")
            if journal:
                journal.clear()
        self._observe(topic, newest)

    def take_outputs(self) -> list[Output]:
        """Hands over the outputs and forgets them."""
        taken = self.outputs.copy()
        self.outputs.clear()
        return taken

    def times(self) -> dict[str, int]:
        """The clocks (ms): the highest timestamp each operator has seen, and each topic (`topic:<name>`)."""
        saved = self._context.punctuations.saved
        return saved | {name: time for name, time in self._context.times.items() if time != BEFORE_ALL}

    def restore_times(self, times: Mapping[str, int]) -> None:
        """Sets the clocks to what `times()` once gave; clocks it does not name have seen nothing."""
        clocks = self._context.times
        for name in clocks:
            clocks[name] = times.get(name, BEFORE_ALL)
        if self._processors:  # what their punctuations make of it; a clock of a step that is gone is forgotten
            self._context.punctuations.saved = {name: time for name, time in times.items() if name not in clocks}

    def flush(self) -> None:
        """Passes on what waits in the record cache; called before each commit, which takes its outputs with it.

        A change that fails is treated as the record that caused it. Raises as `process` does; what waits behind it
        then waits on, and so does the change itself when it is to be tried again.
        """
        cache, here = self._context.cache, self._here
        if cache is None:
            return
        for table, place in cache.waiting():
            change = table.take(place)
            here.topic, here.row, here.mark = change.topic, change.row, len(self.outputs)
            here.ordinal = cache.ordinal(table, place) if change.headers else 0
            try:
                table.pass_on(change)
            except Exception as error:  # the author's code and codecs may raise anything
                if not is_of_record(error):
                    raise
                self._failed(error, stage_of(error))  # which lets it wait again
                table.take(place)
            finally:
                here.ordinal = 0
            self._journal.clear()

    def expire(self) -> None:
        """Removes rows older than stream time less their store's retention; called before each commit."""
        for spec in self.subtopology.stores:
            observed = self._context.times.get(spec.name, BEFORE_ALL)
            if spec.retention is not None and observed != BEFORE_ALL:
                store: Any = self._context.stores[spec.name]
                store.expire(observed - spec.retention)
        for expire in self._context.expiring:
            expire()
        self._journal.clear()

    def rollback(self, times: Mapping[str, int]) -> None:
        """Forgets everything since the last commit, when the clocks showed `times`; not the stores."""
        self.outputs.clear()
        self.dead_letters.clear()
        self._journal.clear()
        if self._context.cache is not None:
            self._context.cache.clear()
        self._silence.begin()
        self._context.answers.clear()
        self.restore_times(times)

    def _observe(self, topic: str, timestamp: int) -> None:
        clock = _partition_clock(topic)
        if timestamp > self._context.times[clock]:
            self._context.times[clock] = timestamp

    def _stream_time(self) -> int:
        times = self._context.times
        return max(times[_partition_clock(source.topic)] for source in self.subtopology.sources)

    def _start(self) -> None:
        """Initialises the processors, once."""
        starters = self._context.starters
        while starters:
            name, init = starters[0]
            try:
                init()
            except Exception as error:
                undo(self._journal)
                raise ProcessingError(
                    f"topology {self._application!r}: processor {name!r} cannot be initialised: "
                    f"{type(error).__name__}: {error}"
                ) from error
            del starters[0]
            self._journal.clear()
            if not starters:
                self._context.punctuations.saved.clear()

    def _punctuate(self, kind: TimeKind, now: int) -> None:
        punctuations = self._context.punctuations
        if kind not in punctuations:
            return
        for schedule in punctuations.due(kind, now):
            self._journal.clear()  # when it is due next stays, also when it fails
            self._without_record(schedule.clock, now, schedule.call, now, schedule.where)

    def _let_pass(self, by: int, now: int) -> None:
        """Lets stream time go on by `by` ms, and the steps do what they do then."""
        clocks = [_partition_clock(source.topic) for source in self.subtopology.sources]
        for number, (then, time) in enumerate(moved(self._context, by, clocks)):
            self._without_record(f"silence:{number}", now, then, time)
        if self._processors:
            self._punctuate("stream_time", self._stream_time())

    def _without_record(
        self, cause: str, now: int, call: Callable[[int], object], time: int, where: str | None = None
    ) -> None:
        """Calls what is due without a record: `cause` and the time `now` (ms) are named in its place."""
        here = self._here
        here.topic, here.row, here.is_record = cause, (now, now, None, None, ()), False
        here.mark = len(self.outputs)
        try:
            call(time)
        except Exception as error:  # the author's code may raise anything
            if not is_of_record(error):
                raise
            self._failed(error, "punctuate", where)
        finally:
            here.is_record = True
        self._journal.clear()

    def _failed(self, error: Exception, stage: Stage, where: str | None = None) -> None:
        """Undoes the record or punctuation in process, then does what the policy says."""
        here = self._here
        undo(self._journal)
        del self.outputs[here.mark :]
        function = author_function(error, self._context.functions) or where
        letter = DeadLetter(here.topic, self.partition, here.row, error, stage, function)
        if self._policy.outcome(letter) == "dead_letter":
            self.dead_letters.append(letter)
        else:
            skipped = self._context.dropped
            skipped["on_error"] = skipped.get("on_error", 0) + 1


def _partition_clock(topic: str) -> str:
    return f"topic:{topic}"
