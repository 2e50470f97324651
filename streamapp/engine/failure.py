"""What becomes of a record that fails: asks the author's policy and says what follows from it.

Knows nothing of tasks or stores.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamapp.dsl.failure import Decision, Failure, OnError, Retry, Stage
from streamapp.engine import sink
from streamapp.engine.records import Row
from streamapp.errors import BufferFullError, ProcessingError, StreamappError

OUTCOMES = ("dead_letter", "skip", "fail")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be decoded or processed, and left no trace but this."""

    topic: str
    partition: int
    row: Row
    exception: BaseException
    stage: Stage
    function: str | None = None
    """The author's function it failed in, `name (file:line)`, where that is known."""


class RetryLaterError(ProcessingError):
    """The record at `offset` of `topic` is to be tried again in `after` ms; those before it stay done.

    Whoever runs the task waits, and goes on with that record.
    """

    def __init__(self, text: str, topic: str, offset: int, after: int) -> None:
        super().__init__(text)
        self.topic, self.offset, self.after = topic, offset, after


class Policy:
    """What `on_error` says of one application's records, and which of them have failed how often."""

    def __init__(self, application: str, on_error: OnError) -> None:
        self._application = application
        self._on_error = on_error
        self._failed: dict[str, tuple[int, int]] = {}
        """By topic, the offset of the record that failed last, and how often it did."""

    def outcome(self, letter: DeadLetter) -> Decision:
        """What is to become of the record; a buffer that is full stops the topology, whatever the policy.

        Raises `ProcessingError` for it, for "fail", and when the author's function fails; `RetryLaterError` for a
        retry.
        """
        error = letter.exception
        decision: Decision = "fail" if isinstance(error, BufferFullError) else self._decided(letter)
        if letter.stage == "punctuate" and decision != "skip":
            decision = "fail"  # there is no record to put aside, and its next time will come
        if decision == "fail":
            raise ProcessingError(self._text(letter)) from error
        if isinstance(decision, Retry):
            text = f"{self._text(letter, remedy=False)}; it is to be tried again in {decision.after} ms"
            raise RetryLaterError(text, letter.topic, letter.row[0], decision.after) from error
        return decision

    def _decided(self, letter: DeadLetter) -> Decision:
        if not callable(self._on_error):
            return self._on_error
        try:
            decision = self._on_error(self._failure(letter))
        except Exception as error:
            raise ProcessingError(
                f"{self._text(letter, remedy=False)}; and on_error itself failed: {type(error).__name__}: {error}"
            ) from error
        if decision not in OUTCOMES and not isinstance(decision, Retry):
            raise ProcessingError(
                f"{self._text(letter, remedy=False)}; and on_error gave {decision!r}: let it give 'dead_letter', "
                "'skip', 'fail' or Retry(after_ms)"
            )
        return decision

    def _failure(self, letter: DeadLetter) -> Failure:
        offset, timestamp, key, value, headers = letter.row
        last, times = self._failed.get(letter.topic, (offset, 0))
        attempt = times + 1 if last == offset else 1
        self._failed[letter.topic] = (offset, attempt)
        return Failure(
            stage=letter.stage,
            exception=letter.exception,
            topic=letter.topic,
            partition=letter.partition,
            offset=offset,
            timestamp=timestamp,
            key=key,
            value=value,
            headers=headers,
            function=letter.function,
            attempt=attempt,
        )

    def _text(self, letter: DeadLetter, *, remedy: bool = True) -> str:
        error = letter.exception
        function = letter.function or "an operator"
        place = f"record of topic {letter.topic!r}, partition {letter.partition}, offset {letter.row[0]}"
        what = {
            "decode": f"{place} cannot be decoded",
            "process": f"{place} failed in {function}",
            "produce": f"{place}: a result cannot be written",
            "punctuate": f"punctuation {letter.topic!r} of partition {letter.partition} at {letter.row[0]} ms "
            f"failed in {function}",
        }[letter.stage]
        text = f"topology {self._application!r}: {what}: {type(error).__name__}: {error}"
        if not remedy or letter.stage == "punctuate":
            return text
        return f'{text}. Correct it, or let such records go to the dead letters with on_error="dead_letter"'


def is_of_record(error: BaseException) -> bool:
    """Whether the record is to blame: not for a store that cannot be read, which the same record may find repaired."""
    return isinstance(error, ProcessingError) or not isinstance(error, StreamappError)


def stage_of(error: BaseException) -> Stage:
    """Whether a record failed in a step or while a result was written."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == sink.__file__ and trace.tb_frame.f_code.co_name == "emit":
            return "produce"
        trace = trace.tb_next
    return "process"
