"""The errors streamapp raises on purpose, each with the exit code its command ends with.

Every message names the thing, its value and the remedy. Knows nothing of what raises it.
"""

from __future__ import annotations


class StreamappError(Exception):
    """An error a user can act on; the command line prints its text alone and ends with `exit_code`."""

    exit_code = 1


class UsageError(StreamappError):
    """A command was typed wrongly."""

    exit_code = 2


class NotFoundError(StreamappError):
    """Something that was named does not exist or does not run."""

    exit_code = 3


class NotHereError(NotFoundError):
    """Rows that were asked for are not in this process, or not all of them: another one has them now."""


class ConfigurationError(StreamappError):
    """A setting, a topic or the cluster cannot serve what was asked for."""

    exit_code = 4


class TopologyError(ConfigurationError):
    """A topology cannot work as written; names the step and the function with its file and line."""


class KafkaUnavailableError(StreamappError):
    """No broker answers at the address that was tried."""

    exit_code = 5


class FencedError(StreamappError):
    """Another process has taken this one's place: its commits are refused and it must leave."""

    exit_code = 6


class ProcessingError(StreamappError):
    """A record could not be decoded or processed, and the topology's policy is to fail."""


class RecordAheadError(ProcessingError):
    """A record's timestamp is further ahead of the clock than its topology allows."""


class OutputRefusedError(ProcessingError):
    """A result is one that its topic would refuse, for its size, its time, its missing key or its partition."""


class BufferFullError(ProcessingError):
    """A step holds back more than its author allows; the topology stops rather than give results too early."""
