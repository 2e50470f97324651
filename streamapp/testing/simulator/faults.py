"""Trouble drawn from a seed: which kinds there are in a run, when each comes, and whom it strikes.

Every run has a few kinds only, so that none hides what another would have shown. Knows nothing of results.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.network import Weather
from streamapp.testing.simulator.process import Machine, Process
from streamapp.worker.failpoints import POINTS

_CHANCES = {"lost": 0.08, "unanswered": 0.06, "twice": 0.1, "late": 0.05, "slow": 0.3, "refused": 0.08}
"""How likely each trouble of the network is for one request, in a run that has it."""


class Faults:
    """Makes trouble for `machines`; `done` counts what has struck."""

    def __init__(
        self, random: Random, cluster: SimulatedCluster, machines: Sequence[Machine], *, exactly_once: bool
    ) -> None:
        self.done: Counter[str] = Counter()
        self._random = random
        self._cluster = cluster
        self._machines = machines
        self._exactly_once = exactly_once
        kinds: dict[str, Callable[[], object]] = {
            "crash": self._crash,
            "crash-at-fail-point": self._crash_at_fail_point,
            "crash-at-step": self._crash_at_step,
            "power-loss": self._power_loss,
            "lost-folder": self._lose_folder,
            "leave": self._leave,
            "stand-still": self._stand_still,
            "cut-off": self._cut_off,
            "broker-away": self._broker_away,
            "unknown-outcome": self._unknown_outcome,
            "expired-transaction": self._expire,
            "compaction": self._compact,
            "disk-full": self._disk_full,
        }
        if not exactly_once:
            for kind in ("unknown-outcome", "expired-transaction", "compaction", "cut-off"):
                del kinds[kind]
        self._kinds = {kind: kinds[kind] for kind in random.sample(sorted(kinds), random.randint(1, 4))}

    @property
    def kinds(self) -> list[str]:
        """The kinds of trouble of this run."""
        return list(self._kinds)

    async def run(self, seconds: float) -> None:
        """Makes trouble for so long, then none any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        self._change_weather()
        pace = self._random.uniform(0.2, 1.5)
        while True:
            await asyncio.sleep(self._random.expovariate(1 / pace))
            if loop.time() >= until:
                break
            kind = self._random.choice(list(self._kinds))
            if self._kinds[kind]() is not None:
                self.done[kind] += 1
        self._clear_up()

    def _change_weather(self) -> None:
        chances = dict.fromkeys(_CHANCES, 0.0)
        for kind in self._random.sample(sorted(_CHANCES), self._random.randint(0, 2)):
            if kind != "late" or self._exactly_once:
                chances[kind] = _CHANCES[kind] * self._random.random()
        self._cluster.network.weather = Weather(**chances)

    def _clear_up(self) -> None:
        self._cluster.trace.note("faults", "no more trouble")
        network = self._cluster.network
        network.weather, network.away = Weather(), False
        network.unanswered_next.clear()
        for machine in self._machines:
            machine.disk.full = 0
            if machine.running is not None:
                machine.running.spare()
            machine.start()

    # -- who -----------------------------------------------------------------------------------------------------------

    def _victim(self) -> tuple[Machine, Process] | None:
        running = [(machine, machine.running) for machine in self._machines if machine.running is not None]
        found = self._random.choice(running) if running else None
        return None if found is None or found[1] is None else (found[0], found[1])

    def _start_later(self, machine: Machine) -> None:
        self._cluster.network.later(self._random.choice([0.0, 0.1, 1.0, 4.0]) * self._random.random(), machine.start)

    # -- what ----------------------------------------------------------------------------------------------------------

    def _crash(self) -> object:
        if (found := self._victim()) is None:
            return None
        machine, process = found
        process.kill()
        self._start_later(machine)
        return process

    def _crash_at_fail_point(self) -> object:
        if (found := self._victim()) is None:
            return None
        point, hit = self._random.choice(list(POINTS)), self._random.randint(1, 3)
        self._cluster.trace.note("faults", f"{found[1].name} dies at {point}:{hit}")
        found[1].die_at(point, hit)
        return point

    def _crash_at_step(self) -> object:
        if (found := self._victim()) is None:
            return None
        found[1].die_after(self._random.randint(1, 400))
        return found

    def _power_loss(self) -> object:
        if (found := self._crash()) is None:
            return None
        machine = self._machine_of(found)
        self._cluster.trace.note("faults", f"{machine.name} loses power")
        machine.disk.lose_power()
        return machine

    def _lose_folder(self) -> object:
        if (found := self._crash()) is None:
            return None
        machine = self._machine_of(found)
        self._cluster.trace.note("faults", f"{machine.name} loses its folders")
        machine.disk.lose_all()
        return machine

    def _machine_of(self, process: object) -> Machine:
        return next(machine for machine in self._machines if machine.process is process)

    def _leave(self) -> object:
        if (found := self._victim()) is None:
            return None
        self._cluster.trace.note("faults", f"{found[1].name} is asked to stop")
        found[1].stopping.set()
        return found

    def _stand_still(self) -> object:
        if (found := self._victim()) is None or found[1].paused:
            return None
        seconds = self._random.choice([1.0, 14.0]) * self._random.random()
        self._cluster.trace.note("faults", f"{found[1].name} stands still for {seconds:.1f} s")
        found[1].stand_still()
        self._cluster.network.later(seconds, found[1].go_on)
        return found

    def _cut_off(self) -> object:
        if (found := self._victim()) is None:
            return None
        process, seconds = found[1], self._random.choice([2.0, 14.0]) * self._random.random()
        self._cluster.trace.note("faults", f"{process.name} is cut off for {seconds:.1f} s")
        process.connected = False
        self._cluster.network.later(seconds, process.reconnect)
        return found

    def _broker_away(self) -> object:
        network, seconds = self._cluster.network, self._random.uniform(0.2, 4.0)
        self._cluster.trace.note("faults", f"nobody answers for {seconds:.1f} s")
        network.away = True
        network.later(seconds, network.come_back)
        return network

    def _unknown_outcome(self) -> object:
        self._cluster.network.unanswered_next.add("end-transaction")
        if self._random.random() < 0.7:
            self._cluster.network.later(0.3, self._away_for_long)
        return True

    def _away_for_long(self) -> None:
        if not self._cluster.network.unanswered_next:
            self._cluster.network.away = True
            self._cluster.network.later(self._random.uniform(2.0, 5.5), self._cluster.network.come_back)

    def _expire(self) -> object:
        ongoing = self._cluster.transactions.ongoing()
        if not ongoing:
            return None
        self._cluster.transactions.expire(self._random.choice(ongoing))
        return ongoing

    def _compact(self) -> object:
        self._cluster.compact(self._random)
        return True

    def _disk_full(self) -> object:
        machine = self._random.choice(self._machines)
        self._cluster.trace.note("faults", f"the disk of {machine.name} is full for a while")
        machine.disk.full = self._random.randint(1, 3)
        return machine
