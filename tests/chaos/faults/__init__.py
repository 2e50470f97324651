"""All faults by name, each with its long form, run by command, and its short one, run by the tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.chaos.faults.brokers import brokers
from tests.chaos.faults.changelog import changelog
from tests.chaos.faults.disk import disk
from tests.chaos.faults.failpoints import failpoints
from tests.chaos.faults.kills import lost, sigkill, sigterm
from tests.chaos.faults.limits import limits
from tests.chaos.faults.mixed import mixed
from tests.chaos.faults.offsets import offsets
from tests.chaos.faults.poison import poison
from tests.chaos.faults.rebalance import rebalance
from tests.chaos.faults.stamps import stamps
from tests.chaos.faults.state import state
from tests.chaos.faults.troubled import troubled
from tests.chaos.faults.zombie import blocked, zombie
from tests.chaos.order import Order
from tests.chaos.rows import Outcome


@dataclass(frozen=True)
class Fault:
    """A fault; `long` and `short` are events and repetitions."""

    title: str
    run: Callable[[Order], Awaitable[Outcome]]
    long: tuple[int, int]
    short: tuple[int, int]
    nodes: int = 1
    in_all: bool = True
    minutes: float = 60.0
    """After these no further repetition is begun, unless others are asked for."""


FAULTS: Mapping[str, Fault] = {
    "sigkill": Fault("SIGKILL of one of two workers, again and again", sigkill, (200_000, 50), (8_000, 3)),
    "failpoints": Fault("SIGKILL at every fail point", failpoints, (400_000, 20), (4_000, 1)),
    "sigterm": Fault("rolling SIGTERM of three workers", sigterm, (100_000, 20), (4_000, 2)),
    "lost": Fault("a worker that dies in a transaction for good", lost, (20_000, 5), (1_000, 1)),
    "zombie": Fault("SIGSTOP past the session timeout, takeover, SIGCONT", zombie, (20_000, 5), (4_000, 1)),
    "blocked": Fault("a function that takes longer than the session", blocked, (20_000, 5), (2_000, 1)),
    "state": Fault("damaged, lost, old and foreign state folders", state, (200_000, 20), (6_000, 1)),
    "poison": Fault("one record in a hundred is poison", poison, (100_000, 1), (10_000, 1)),
    "rebalance": Fault("workers join or leave every second", rebalance, (60_000, 60), (8_000, 8)),
    "changelog": Fault("changelogs truncated, or deleted and made anew", changelog, (20_000, 5), (2_000, 1)),
    "offsets": Fault("offsets expired, source topics truncated or made anew", offsets, (4_000, 4), (400, 1)),
    "disk": Fault("no space for state, and a folder that cannot be written", disk, (20_000, 3), (10_000, 1)),
    "brokers": Fault("brokers killed in turn, all away, away at start", brokers, (40_000, 5), (4_000, 1), nodes=3),
    "limits": Fault("outputs as large as their topic accepts, huge ones, 10,000 headers", limits, (2_000, 1), (400, 1)),
    "stamps": Fault("records stamped a day ahead or behind", stamps, (100_000, 1), (6_000, 1)),
    "troubled": Fault("functions that raise, sinks that take 50 ms", troubled, (20_000, 1), (1_000, 1)),
    "random": Fault("faults of all kinds at random", mixed, (100, 1), (100, 1), nodes=3, in_all=False, minutes=30.0),
}
