"""Errors that can be planted, to see that the simulator finds them: each is one that a worker could have.

They are put in where the simulator stands in for something, so that the worker's code stays as it is. Knows nothing of
how they are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Plant = Literal[
    "commit-before-flush",
    "state-before-commit",
    "no-fencing",
    "forget-abort",
    "restore-short",
    "skip-dirty-drop",
    "unstable-offsets",
    "read-uncommitted",
    "unknown-is-aborted",
    "position-before-rows",
]

PLANTS: Mapping[Plant, str] = {
    "commit-before-flush": "a commit does not wait until its records are acknowledged",
    "state-before-commit": "stores are written before the transaction ends",
    "no-fencing": "commits do not name the member and generation they are for",
    "forget-abort": "an abort forgets the records, and leaves the transaction open for the next commit",
    "restore-short": "a restore ends at the last stable offset instead of the high watermark",
    "skip-dirty-drop": "after an abort, dirty rows stay in the stores",
    "unstable-offsets": "committed offsets are read while a transaction is about to change them",
    "read-uncommitted": "records of open and aborted transactions are read",
    "unknown-is-aborted": "a commit whose outcome is unknown is taken for one that failed",
    "position-before-rows": "a power loss may keep a position without the rows it speaks of",
}
"""Every error with what is wrong."""

assert set(PLANTS) == set(get_args(Plant))  # noqa: S101 - the two lists above are one
