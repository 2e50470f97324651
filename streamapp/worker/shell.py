"""The Faust App in which every topology runs: worker life cycle, command line, web server, agents.

One agent holds each sub-topology, and one table of Faust's stands for each table of a topology. The shell's own Kafka
consumer starts only when an author has added plain `@app.agent` functions; those keep Faust's at-least-once semantics.
Knows nothing of how an Application processes or commits.
"""

from __future__ import annotations

import errno
import gc
import logging
import socket
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn, cast

import faust
from faust.app.base import BootStrategy

from streamapp.dsl.topology import Topology
from streamapp.engine.plan import plan
from streamapp.engine.specs import Plan
from streamapp.errors import ConfigurationError
from streamapp.formats import codec_for
from streamapp.kafka.broker import running_bootstrap
from streamapp.settings import Settings
from streamapp.state import configure_memory
from streamapp.worker.channel import Batch, BatchChannel
from streamapp.worker.runtime import Runtime
from streamapp.worker.tables import StoreTable

logger = logging.getLogger(__name__)

Agent = Callable[[AsyncIterable[Batch]], Awaitable[None]]
"""What runs the batches of a channel."""


class _Boot(BootStrategy):
    """Starts Faust's Kafka consumer, producer and recovery only when there is something for them to do."""

    @property
    def enable_kafka(self) -> bool:  # type: ignore[override]  # agents come later
        """Whether an author's plain agents need Faust's own consumer."""
        return any(not isinstance(agent.channel, BatchChannel) for agent in self.app.agents.values())


class Worker(faust.Worker):
    """Faust's worker, ending with the exit code of what stopped the runtime."""

    def execute_from_commandline(self) -> NoReturn:
        """Runs until a signal, an error or the end of the input; always raises `SystemExit`."""
        try:
            super().execute_from_commandline()
        except SystemExit as ending:
            runtime: Runtime = cast(Shell, self.app).runtime
            raise SystemExit(runtime.exit_code or ending.code) from None

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        """Keeps Faust's set-up but not the spinner, which would write over the log, nor every step of the libraries."""
        self.spinner = None
        if level > logging.DEBUG:
            for library in ("faust", "mode"):
                logging.getLogger(library).setLevel(max(level, logging.WARNING))
            # Ten lines a second while a broker is away; what matters of it is raised, and logged once by us.
            logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class Shell(faust.App):
    """The App that `faust -A streamapp` finds; `runtime` holds the Applications."""

    BootStrategy = _Boot
    runtime: Runtime

    async def on_first_start(self) -> None:
        """Makes the folders above Faust's own, which it does not."""
        self.conf.datadir.mkdir(parents=True, exist_ok=True)
        await super().on_first_start()


async def hold(stream: AsyncIterable[Batch]) -> None:
    """The agent of every sub-topology: takes batches of records and runs each through its task."""
    async for batch in stream:
        with batch:
            await batch.process()


def build_shell(
    settings: Settings, topologies: Sequence[Topology], *, until_end: bool = False, agent: Agent = hold
) -> Shell:
    """Makes the App with one Application per topology; raises `TopologyError` before anything runs.

    Nothing connects to Kafka here: `faust agents`, `faust tables` and `--help` work without a broker.
    """
    plans = {topology.name: plan(topology, codec_for) for topology in topologies}
    configure_memory(settings.cache_bytes, settings.write_buffer_bytes)
    shell = Shell(
        settings.application,
        broker="kafka://" + (settings.bootstrap_servers or running_bootstrap() or "127.0.0.1:9092").replace(",", ";"),
        store="memory://",
        datadir=str(settings.state_dir / "faust"),
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.web_port or free_port(settings.web_host),  # Faust refuses 0
        worker_redirect_stdouts=False,
        topic_disable_leader=True,
        Worker=Worker,
        loghandlers=[],
    )
    channels = {
        (name, sub.number): BatchChannel(shell, f"{name}-{sub.number}")
        for name, made in plans.items()
        for sub in made.subtopologies
    }
    shell.runtime = Runtime(shell, settings, plans, channels, until_end=until_end)
    _add_agents(shell, plans, channels, agent)
    _add_tables(shell, plans)
    shell.service(cast(Any, shell.runtime))  # instances are started too
    return shell


def _add_agents(
    shell: Shell, plans: Mapping[str, Plan], channels: Mapping[tuple[str, int], BatchChannel], agent: Agent
) -> None:
    for (name, number), channel in channels.items():
        sources = ", ".join(source.topic for source in plans[name].subtopologies[number].sources)

        async def holding(stream: AsyncIterable[Batch]) -> None:
            await agent(stream)

        holding.__doc__ = f"Sub-topology {number} of {name}: reads {sources}."
        shell.agent(channel, name=f"{name}-{number}")(holding)


def _add_tables(shell: Shell, plans: Mapping[str, Plan]) -> None:
    owners: dict[str, list[str]] = {}
    for name, made in plans.items():
        for table in made.tables:
            owners.setdefault(table.name, []).append(name)
    for store, names in owners.items():
        for name in names:
            title = store if len(names) == 1 else f"{name}.{store}"
            lookup = shell.runtime.lookup(name, store)
            shell.tables[title] = cast(Any, StoreTable(title, f"Table of the topology {name}.", lookup))


def tune_collector() -> None:
    """Runs the cyclic collector less often: millions of short-lived tuples made it cost 18 to 30 % of throughput."""
    gc.set_threshold(100_000, 20, 50)


def must_be_writable(state_dir: Path) -> None:
    """Makes the folder of all state; raises `ConfigurationError` when nothing can be written there."""
    try:
        (state_dir / "faust").mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=state_dir):
            return
    except OSError as error:
        raise ConfigurationError(
            f"state folder {str(state_dir)!r} cannot be used: {error.strerror}; "
            "give a folder that can be written with --state-dir or STREAMAPP_STATE_DIR"
        ) from error


def free_port(host: str, wanted: int = 0) -> int:
    """The port `wanted`, or any nobody listens on at `host` now; raises `ConfigurationError` when there is none."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigurationError(
                    f"web_port {wanted} is in use at {host}, perhaps by another worker: choose one with --web-port; "
                    "0 is a free one"
                ) from error
            raise ConfigurationError(
                f"web_host {host!r} is not an address of this machine ({error.strerror}): use 127.0.0.1"
            ) from error
        port: int = probe.getsockname()[1]
        return port
