"""Who a member of a consumer group is at one moment: what every commit names, so that a stale one is refused.

Knows nothing of how a group is joined.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupMetadata:
    """A member as of one generation of its group (KIP-447); taken at assignment, not at commit.

    `generation` and `member_id` change with every rebalance; `instance_id` is the static member's name, or None.
    """

    group: str
    generation: int
    member_id: str
    instance_id: str | None = None
