"""All Applications of this process: prepared together, started, watched, and read by pages and commands.

Knows nothing of how an Application works inside; web and command line know nothing below this.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mode import Service

from streamapp.engine.specs import Plan
from streamapp.errors import StreamappError
from streamapp.kafka import Admin
from streamapp.kafka.cluster_clients import ClusterClients
from streamapp.settings import Settings
from streamapp.worker.application import Application
from streamapp.worker.channel import BatchChannel
from streamapp.worker.cluster import prepare
from streamapp.worker.member import State
from streamapp.worker.until_end import UntilEnd

logger = logging.getLogger(__name__)


class Runtime(Service):
    """The Applications by topology name, once the cluster is prepared; empty until then.

    `exit_code` is what the process should end with: 0, or the code of what stopped it.
    """

    abstract = False

    def __init__(
        self,
        shell: Any,
        settings: Settings,
        plans: Mapping[str, Plan],
        channels: Mapping[tuple[str, int], BatchChannel],
        *,
        until_end: bool = False,
    ) -> None:
        super().__init__()
        self.plans = dict(plans)
        self.settings = settings
        self.applications: dict[str, Application] = {}
        self.exit_code = 0
        self._shell = shell
        self._channels = channels
        self._until_end = until_end
        self._changed = asyncio.Event()
        self._leaving = False
        self._listeners: list[Callable[[str, State, State], object]] = []

    def on_state(self, listener: Callable[[str, State, State], object]) -> None:
        """Calls `listener` with a topology's name, its old and its new state when that changes; from a start on."""
        self._listeners.append(listener)

    @property
    def started(self) -> bool:
        """Every Application runs or has failed."""
        states = [application.state for application in self.applications.values()]
        return bool(states) and all(state in {"running", "failed"} for state in states)

    @property
    def web(self) -> str:
        """Where the pages are."""
        return f"http://{self.settings.web_host}:{self._shell.conf.web_port}"

    async def on_start(self) -> None:
        """Prepares in the background, so that pages answer while a broker is waited for."""
        self.add_future(self._main())

    async def on_stop(self) -> None:
        """Takes back what told others that this worker runs, if no other one of this state folder has since said so."""
        with suppress(FileNotFoundError):  # the other has taken it back
            if self._worker_file.read_text(encoding="utf-8") == self._card:
                self._worker_file.unlink()

    async def _main(self) -> None:
        try:
            await self._run()
        except StreamappError as error:
            self._leave(error)

    async def _run(self) -> None:
        bootstrap = self.settings.resolve_bootstrap()
        async with await Admin.connect(bootstrap, fail_fast=self.settings.fail_fast) as admin:
            cluster = await prepare(bootstrap, admin, ClusterClients(bootstrap), self.plans.values(), self.settings)
            until_end = await UntilEnd.now(cluster, cluster.plans.values()) if self._until_end else None
            for name, plan in cluster.plans.items():
                channels = {number: channel for (owner, number), channel in self._channels.items() if owner == name}
                application = Application(plan, self.settings, cluster, channels, self._on_change)
                for listener in self._listeners:
                    application.on_state(partial(listener, name))
                self.applications[name] = application
            for application in self.applications.values():
                await self.add_runtime_dependency(application)
            self._leave_word()
            await self._wait_until(lambda: self.started)
            self._announce()
            if until_end is not None:
                await until_end.reached(self.applications)
                self._leave(None)
            await self.wait_until_stopped()

    def _on_change(self, application: Application) -> None:
        self._changed.set()
        errors = [one.error for one in self.applications.values() if one.state == "failed" and one.error is not None]
        if errors and (len(errors) == len(self.applications) or self._until_end):
            self._leave(errors[0])

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    @property
    def _worker_file(self) -> Any:
        return self.settings.state_dir / self.settings.application / "worker.json"

    @property
    def _card(self) -> str:
        return json.dumps({"pid": os.getpid(), "web": self.web})

    def _leave_word(self) -> None:
        """Tells commands where the pages are, also while stores are being restored."""
        if not self._leaving:
            self._worker_file.parent.mkdir(parents=True, exist_ok=True)
            self._worker_file.write_text(self._card, encoding="utf-8")

    def _announce(self) -> None:
        """Says on the real standard output, which Faust may have turned into log lines, that work goes on now."""
        if self._leaving:
            return
        print(json.dumps({"ready": True, "web": self.web}), file=sys.__stdout__, flush=True)

    def _leave(self, error: StreamappError | None) -> None:
        """Stops the worker in good order, as SIGTERM does."""
        if self._leaving:
            return
        self._leaving = True
        if error is not None:
            self.exit_code = error.exit_code
            print(f"error: {error}", file=sys.__stderr__, flush=True)
        signal.raise_signal(signal.SIGTERM)

    def lookup(self, name: str, store: str) -> Callable[[Any], Any]:
        """How Faust's table of a store finds a key: in the tasks this process runs."""
        return lambda key: self.applications[name].find(store, key)
