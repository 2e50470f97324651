"""What an author may say of records that fail: put them aside, leave them out, try again, or stop.

Knows nothing of how records are run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from streamapp.dsl.place import author_line
from streamapp.errors import TopologyError

Stage: TypeAlias = Literal["decode", "process", "produce", "punctuate"]
"""Where it failed: reading the record, a step, writing a result, or a punctuation (KIP-1033)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that could not be processed, as Kafka has it; times in ms.

    In a punctuation there is no record: `topic` names the punctuation, `offset` and `timestamp` are its time.
    """

    stage: Stage
    exception: BaseException
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    function: str | None
    """The author's function it failed in, `name (file:line)`, where that is known."""
    attempt: int
    """1 the first time the record failed, 2 when it failed again at once after that, and so on."""


class Retry(NamedTuple):
    """The record is tried again after this many ms, and nothing of its task goes on until then."""

    after: int


Outcome: TypeAlias = Literal["dead_letter", "skip", "fail"]
"""Goes to the dead letters, is left out and counted, or stops the topology."""

Decision: TypeAlias = Outcome | Retry

OnError: TypeAlias = Outcome | Callable[[Failure], Decision]
"""One outcome for all failures, or a function that decides for each."""


def retrying(
    attempts: int = 3,
    *,
    after: int = 100,
    factor: float = 2.0,
    then: Outcome = "dead_letter",
    errors: type[BaseException] | tuple[type[BaseException], ...] = Exception,
) -> Callable[[Failure], Decision]:
    """Tries a record that failed in a step with one of `errors` again, up to `attempts` times in all.

    The second attempt comes `after` ms later, each further one `factor` times as long after the one before. What
    fails for good, with another error, or while being read or written comes to `then`. Raises `TopologyError` for
    numbers that make no sense.
    """
    if attempts < 2 or after < 0 or factor < 1:
        raise TopologyError(
            f"retrying at {author_line()}: attempts={attempts}, after={after} ms, factor={factor}: give 2 attempts or "
            "more, 0 ms or more, and a factor of 1 or more"
        )

    def decide(failure: Failure) -> Decision:
        again = failure.stage == "process" and isinstance(failure.exception, errors) and failure.attempt < attempts
        return Retry(round(after * factor ** (failure.attempt - 1))) if again else then

    return decide
