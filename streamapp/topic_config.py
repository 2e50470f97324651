"""What may be said of the configuration of topics that streamapp makes for itself.

Knows nothing of who says it, or of Kafka.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[a-z]+(\.[a-z]+)+")

_OURS = {
    "cleanup.policy": "changelogs are compacted, all else is deleted when it has been committed",
    "retention.ms": "what is in these topics is state, and must not go by time",
    "retention.bytes": "what is in these topics is state, and must not go by size",
    "message.timestamp.type": "records keep the time they bear",
}
"""Options that are not to be set, each with the reason."""

_DAY = 24 * 3600 * 1000
"""Milliseconds for which a changelog must tell of deletions: a state folder is believed for half of them."""


def checked_config(config: Mapping[Any, object]) -> dict[str, str]:
    """The options as text; raises `ValueError` saying what would have been right."""
    checked: dict[str, str] = {}
    for name, value in config.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"names of Kafka's topic options, such as 'min.insync.replicas', not {name!r}")
        if name in _OURS:
            raise ValueError(f"options other than {name}: {_OURS[name]}")
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise ValueError(f"a text or a whole number for {name}, not {value!r}")
        checked[name] = str(value).strip()
    kept = checked.get("delete.retention.ms", str(_DAY))
    if not kept.isdecimal() or int(kept) < _DAY:
        raise ValueError(f"delete.retention.ms of {_DAY} or more: a worker that comes back must hear of deletions")
    return checked
