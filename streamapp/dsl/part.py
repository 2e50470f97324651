"""One line of what Kafka Streams would print of a topology. Knows nothing of the steps it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One line of Kafka's description: a `Source`, `Processor` or `Sink`."""

    kind: str
    name: str
    topic: str | None = None
    """The name of a topic, or of several, a pattern, or the function that chooses one."""
    open: bool = False
    """`topic` is a pattern or a function, and stands for any number of topics."""
    stores: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    everywhere: bool = False
    """Part of a global table."""
