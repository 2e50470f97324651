"""How near in time two records must be to be joined, as a frozen value.

All times are integers in milliseconds. Knows nothing of stream time or stores.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamapp.errors import TopologyError


@dataclass(frozen=True, slots=True)
class JoinWindows:
    """A right record joins a left one of time t when its own time is from t - `before` to t + `after`.

    A record without a partner is given up when stream time is more than `grace` beyond the end of its window; but
    Kafka Streams then looks for such records only now and then. With `prompt` every record that moves the time looks.
    """

    before: int
    after: int
    grace: int = 0
    prompt: bool = False

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            if not isinstance(getattr(self, name), int):
                raise TopologyError(f"join window {name} is {getattr(self, name)!r}: give milliseconds")
        if self.before + self.after < 0:
            raise TopologyError(
                f"join window from {-self.before} to {self.after} ms is empty: its end must not be before its start"
            )
        if self.grace < 0:
            raise TopologyError(f"join window grace is {self.grace} ms: give 0 or more")

    @property
    def size(self) -> int:
        """How long (ms) the window is."""
        return self.before + self.after


def join_windows(
    within: int | None = None, *, before: int = 0, after: int = 0, grace: int = 0, prompt: bool = False
) -> JoinWindows:
    """Right records from `before` ms earlier to `after` ms later; `within`: as much on both sides.

    `prompt`: records without a partner leave with the first record, of either side, that finds their time over. Kafka
    Streams lets them wait for one of a later time, or of their own side, in some cases.

    Raises `TopologyError` for an empty window, a negative grace, or both forms at once.
    """
    if within is None:
        return JoinWindows(before, after, grace, prompt)
    if before or after:
        raise TopologyError(f"join_windows({within}, before={before}, after={after}): give either form, not both")
    return JoinWindows(within, within, grace, prompt)
