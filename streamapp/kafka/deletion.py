"""What answers about deletions say; a thing that is gone already counts as deleted.

Knows nothing of whom to ask.
"""

from __future__ import annotations

from typing import Any

from streamapp.kafka.offsets import raise_for

_NO_SUCH_TOPIC = 3
_NO_SUCH_GROUP = 69
_BELOW_START = 1
"""The offset to delete up to is below the log's start: all of it is deleted already."""


def check_topics(response: Any) -> None:
    """Raises what refused an answer to DeleteTopics."""
    for name, code in response.topic_error_codes:
        if code != _NO_SUCH_TOPIC:
            raise_for(code, name)


def check_records(response: Any) -> None:
    """Raises what refused an answer to DeleteRecords."""
    for name, partitions, *_ in response.topics:
        for partition, _, code, *_ in partitions:
            if code != _BELOW_START:
                raise_for(code, f"{name} {partition}")


def was_deleted(response: Any) -> bool:
    """Whether an answer to DeleteGroups says that there was such a group; raises what refused it."""
    ((name, code),) = response.results
    if code == _NO_SUCH_GROUP:
        return False
    raise_for(code, name)
    return True


def members_in(response: Any) -> int:
    """How many members the one group in an answer to DescribeGroups has."""
    (group,) = response.groups
    raise_for(group[0], group[1])
    return len(group[5])
