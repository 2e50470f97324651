"""Faults of all kinds at random, one after the other, for as long as is asked: work goes on and comes back after each.

Needs a cluster of three. What happened is drawn on one page.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random

from streamapp.errors import FencedError
from streamapp.kafka import RetriableKafkaError
from streamapp.worker.failpoints import POINTS
from tests.chaos.checking import check_once
from tests.chaos.events import Sent
from tests.chaos.faults.brokers import kill_node
from tests.chaos.faults.failpoints import ABORTED, EXACTLY_ONCE, REVOKED
from tests.chaos.faults.poison import KEYED, bad_records
from tests.chaos.faults.state import DAMAGE
from tests.chaos.order import Order
from tests.chaos.page import chaos_page
from tests.chaos.rows import Outcome, row
from tests.chaos.scene import Scene
from tests.chaos.watching import Watch
from tests.chaos.workers import Worker, until

PLACES = "abc"
STOOD_STILL = 8.0
"""Seconds of a zombie: longer than a session."""
NODES = (1, 2, 3)
AT_LEAST = 1.0
"""Faults a minute, fewer would show little."""
BY_THEMSELVES = [name for name in POINTS if name not in REVOKED | ABORTED | {"last-commit", "restoring"}]
"""Fail points that a worker passes without any help."""


async def mixed(order: Order) -> Outcome:
    """Until the minutes are over; then a quiet end, all checks, and the page."""
    scene = order.scene(8, replicas=3)
    scene.topic_config = KEYED
    async with scene:
        await scene.feed(200)
        run = _Run(order, scene)
        for place in PLACES:
            await run.workers[place].ready()
        await scene.drained()
        async with run.watch:
            await run.go_on()
        await scene.drained()
        await scene.stop_all()
        scene.outcome.wanted = max(1, int(AT_LEAST * run.watch.now / 60))
        await scene.check()
        letters = [(line[2], line[3]) for part in (await scene.read(scene.dead_letters)).values() for line in part]
        sent = [(one.key, one.value) for one in run.poison]
        scene.outcome.findings |= check_once("dead letters", sent, letters, repeats=scene.repeats)
        page = order.page or Path("chaos.html")
        result = row("random", order.seed, scene.outcome)
        page.write_text(chaos_page(result, run.watch.samples, run.watch.bars), encoding="utf-8")
        print(f"lag, latency and faults are drawn in {page.absolute()}", file=sys.stderr)
    return scene.outcome


class _Run:
    """The workers by their places, and what is done to them."""

    def __init__(self, order: Order, scene: Scene) -> None:
        self.order, self.scene = order, scene
        self.random = Random(order.seed)
        self.watch = Watch(scene)
        self.workers: dict[str, Worker] = {place: scene.start(place) for place in PLACES}
        self.poison: list[Sent] = []
        self._left: list[str] = []
        self._done = False
        self._numbers = 0

    async def go_on(self) -> None:
        """One fault after the other while events come in."""
        feeding = asyncio.create_task(self._feed())
        try:
            while self.order.time_left and not feeding.done():
                await self._one_fault()
                await asyncio.sleep(self.random.uniform(1, 4))
        finally:
            self._done = True  # a feeding that is cancelled would leave out events that count as sent
            await feeding

    async def _feed(self) -> None:
        """As many events a second as asked for; a broker that is away holds them up."""
        while not self._done:
            await self.scene.feed(max(1, self.order.events // 10))
            self.watch.sent()
            await asyncio.sleep(0.1)

    async def _one_fault(self) -> None:
        """Each kind once in an order of the seed's, then in another order."""
        if not self._left:
            self._left = sorted(KINDS)
            self.random.shuffle(self._left)
        name = self._left.pop()
        place = self.random.choice(PLACES)
        with self.watch.bar(name) as bar:
            self.scene.outcome.injected += await KINDS[name](self, place)
        began, all_sent = time.monotonic(), self.scene.produced
        await until(lambda: self._committed(all_sent), f"recovery from {name!r}", 240)
        bar.recovery = time.monotonic() - began
        self.scene.outcome.recovered(bar.recovery)

    async def _committed(self, count: int) -> bool:
        try:
            return await self.scene.committed() >= count
        except RetriableKafkaError:  # brokers that come back slowly: it is asked again
            return False

    # -- kinds -----------------------------------------------------------------------------------------------------

    async def _start(self, place: str, **environment: str) -> None:
        self.workers[place] = self.scene.start(place, **environment)
        await self.workers[place].ready()

    async def killed(self, place: str) -> bool:
        """Dies and comes back at once."""
        died = self.workers[place].kill()
        await self._start(place)
        return died

    async def away(self, place: str) -> bool:
        """Dies and stays away for so long that the others take over."""
        died = self.workers[place].kill()
        await asyncio.sleep(self.random.uniform(8, 15))
        await self._start(place)
        return died

    async def asked_to_leave(self, place: str) -> bool:
        """SIGTERM, and back."""
        self.workers[place].send(signal.SIGTERM)
        code = await self.workers[place].ended()
        await self._start(place)
        return self._expect(code == 0, f"a worker ended with {code} after SIGTERM")

    async def stood_still(self, place: str) -> bool:
        """A zombie: it leaves by itself when it wakes up, and is started again."""
        worker = self.workers[place]
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(STOOD_STILL)
        worker.send(signal.SIGCONT)
        code = await worker.ended(60)
        await self._start(place)
        return self._expect(code == FencedError.exit_code, f"a zombie ended with {code}: {worker.log[-300:]!r}")

    async def hesitated(self, place: str) -> bool:
        """Stands still for less than a session, and stays."""
        self.workers[place].send(signal.SIGSTOP)
        await asyncio.sleep(self.random.uniform(0.5, 3))
        self.workers[place].send(signal.SIGCONT)
        return self._expect(self.workers[place].code is None, "a worker that hesitated has ended")

    async def died_at_a_place(self, place: str) -> bool:
        """SIGKILL at a fail point that is passed by itself."""
        names = [name for name in BY_THEMSELVES if not self.scene.repeats or name not in EXACTLY_ONCE]
        point = f"{self.random.choice(names)}:1"
        self.workers[place].send(signal.SIGTERM)
        await self.workers[place].ended()
        worker = self.scene.start(place, STREAMAPP_FAIL_POINT=point)
        code = await worker.ended()
        await self._start(place)
        return self._expect(code == -signal.SIGKILL, f"{point} did not kill, it ended with {code}")

    async def damaged(self, place: str) -> bool:
        """Killed, and a file of its state damaged."""
        self.workers[place].kill()
        tasks = self.scene.tasks(place)
        self.random.shuffle(tasks)
        kinds = sorted(DAMAGE)
        self.random.shuffle(kinds)
        done = any(DAMAGE[kind](folder, self.random) for kind in kinds for folder in tasks)
        await self._start(place)
        return done

    async def folder_lost(self, place: str) -> bool:
        """Killed, and all of its state is gone."""
        self.workers[place].kill()
        shutil.rmtree(self.scene.state(place))
        await self._start(place)
        return True

    async def joined(self, place: str) -> bool:
        """A fourth worker comes and goes."""
        worker = self.scene.start("d")
        await worker.ready()
        await asyncio.sleep(self.random.uniform(1, 8))
        worker.send(signal.SIGTERM)
        code = await worker.ended()
        return self._expect(code == 0, f"the fourth worker ended with {code}")

    async def broker_killed(self, place: str) -> bool:
        """One of three, and back."""
        killed = await kill_node(self.order, self.random.choice(NODES))
        await asyncio.sleep(self.random.uniform(2, 8))
        await asyncio.to_thread(self.order.broker.start)
        return killed and self._all_stay("a broker was killed")

    async def all_brokers_away(self, place: str) -> bool:
        """All of them, and back."""
        killed = [await kill_node(self.order, node) for node in NODES]
        await asyncio.sleep(self.random.uniform(3, 12))
        await asyncio.to_thread(self.order.broker.start)
        return all(killed) and self._all_stay("all brokers were away")

    async def poisoned(self, place: str) -> bool:
        """Some records that nothing can be done with."""
        records = bad_records(self.random, self._numbers, 20)
        self._numbers += 20
        self.poison += records
        await self.scene.put(records)
        return True

    def _expect(self, holds: bool, what: str) -> bool:
        if not holds:
            self.scene.outcome.broken.append(what)
        return holds

    def _all_stay(self, when: str) -> bool:
        gone = [worker.code for worker in self.workers.values() if worker.code is not None]
        return self._expect(not gone, f"workers ended with {gone} when {when}")


KINDS: Mapping[str, Callable[[_Run, str], Awaitable[bool]]] = {
    "all brokers": _Run.all_brokers_away,
    "away": _Run.away,
    "broker": _Run.broker_killed,
    "fail point": _Run.died_at_a_place,
    "folder lost": _Run.folder_lost,
    "hesitates": _Run.hesitated,
    "join, leave": _Run.joined,
    "poison": _Run.poisoned,
    "SIGKILL": _Run.killed,
    "SIGTERM": _Run.asked_to_leave,
    "state": _Run.damaged,
    "zombie": _Run.stood_still,
}
"""By the names on the page."""
