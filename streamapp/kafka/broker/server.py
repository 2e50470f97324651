"""Starts and stops the embedded broker, of one node or three, on a data folder that keeps what it holds.

Knows nothing of commands, state folders or topics.
"""

from __future__ import annotations

import base64
import fcntl
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamapp.errors import ConfigurationError, NotFoundError, StreamappError
from streamapp.kafka.broker.java import java
from streamapp.kafka.broker.node import NodeServer
from streamapp.kafka.broker.probe import brokers, free_port, is_free
from streamapp.kafka.broker.process import Process
from streamapp.kafka.broker.status import HOST, BrokerStatus, Node, last, running
from streamapp.kafka.jars import OnBytes, fetch, silent

START_TIMEOUT = 90.0
"""Seconds; a start takes about three, a loaded machine and a large log more."""
STOP_PATIENCE = 20.0
"""Seconds until a broker that does not end is killed."""
ATTEMPTS = 3
"""Starts with ports of our own choice: another process can take one before the broker listens."""
MEMORY = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)
NOT_STARTED = Process(0, "")


class Broker:
    """The broker of one data folder, which is made when it is started; the broker outlives this object."""

    def __init__(self, data: Path, on_bytes: OnBytes = silent) -> None:
        self.data = data.absolute()
        self._on_bytes = on_bytes
        self._servers: list[NodeServer] = []

    def status(self) -> BrokerStatus | None:
        """The broker if one of its nodes runs, whoever started it."""
        return running(self.data)

    def start(self, port: int | None = None, nodes: int | None = None) -> BrokerStatus:
        """Starts the nodes that do not run, and blocks until all of them answer; they outlive this process.

        Without `port`, of the first node, it is the one of the last start, else a free one; `nodes` is 1 or 3, as
        many as the data folder was made with when not given. Raises `ConfigurationError` when `port` is in use, or
        the data is of another number of nodes or runs at another port, `StreamappError` when it does not start.
        """
        self._make_folder()
        with self._alone():
            before = last(self.data)
            count = self._count(before, nodes)
            status = self.status()
            if status and port not in {None, status.nodes[0].port}:
                raise ConfigurationError(
                    f"the broker on {self.data} runs at {status.bootstrap_servers}, not at port {port}: "
                    "stop it first, or give another --data"
                )
            if status and not status.missing:
                return self._answering(status)
            if status is None and port is not None and not is_free(HOST, port):
                raise ConfigurationError(
                    f"port {port} is in use on {HOST}: give another --port, or none for a free one"
                )
            return self._launch(status, before, port, count)

    def stop(self, node: int | None = None) -> bool:
        """Stops all nodes, or the one with that id, and blocks until they have ended; False when none ran.

        Raises `NotFoundError` for an id the cluster does not have.
        """
        status = self.status()
        if status is None:
            return False
        wanted = [one for one in status.nodes if node in (None, one.id)]
        if not wanted:
            ids = ", ".join(str(one.id) for one in status.nodes)
            raise NotFoundError(f"the broker on {self.data} has no node {node}: it has {ids}")
        alive = [one for one in wanted if one.process.alive]
        for one in alive:
            one.process.stop(STOP_PATIENCE)
        if node is None:
            for server in self._servers:
                server.reap()
            self._servers = []
        return bool(alive)

    def _make_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the broker's data cannot be kept in {self.data} ({error.strerror}): give another --data"
            ) from error

    def _count(self, before: BrokerStatus | None, nodes: int | None) -> int:
        made = len(before.nodes) if before else None
        if nodes is not None and made is not None and nodes != made:
            raise ConfigurationError(
                f"the data in {self.data} is that of {made} node(s), not of {nodes}: give --nodes {made}, or another "
                "--data"
            )
        return made or nodes or 1

    def _answering(self, status: BrokerStatus) -> BrokerStatus:
        if self._answers(status):  # another process may have started it a moment ago
            return status
        raise StreamappError(f"the broker on {self.data} runs and does not answer: stop it; its log is in {self.data}")

    def _launch(
        self, status: BrokerStatus | None, before: BrokerStatus | None, port: int | None, count: int
    ) -> BrokerStatus:
        jars = fetch(on_bytes=self._on_bytes)
        command = [str(java()), *MEMORY, *LOGGING, "-cp", os.pathsep.join(map(str, jars))]
        folders = [self.data / f"node-{number}" if count > 1 else self.data for number in range(1, count + 1)]
        self._servers = [NodeServer(folder, number, command) for number, folder in enumerate(folders, 1)]
        cluster_id = _cluster_id()
        for server in self._servers:
            server.keep_last_log()
        for attempt in range(ATTEMPTS):
            chosen = status.nodes if status else self._ports(before if not attempt else None, port, count)
            if started := self._run(chosen, cluster_id):
                return started
            if status or "BindException" not in self._log_tail(200) or (port is not None and not is_free(HOST, port)):
                break
        log = self._servers[0].log
        raise StreamappError(f"the broker did not start; the end of {log}:\n{self._log_tail(15)}")

    def _ports(self, before: BrokerStatus | None, port: int | None, count: int) -> tuple[Node, ...]:
        """The nodes with ports to listen at: those of before where they are free."""
        taken: set[int] = set()
        nodes = []
        for number in range(count):
            kept = before.nodes[number] if before else None
            first = port if number == 0 else None
            listener = first or free_port(HOST, kept.port if kept else 0, taken)
            taken.add(listener)
            controller = free_port(HOST, kept.controller if kept else 0, taken)
            taken.add(controller)
            nodes.append(Node(number + 1, listener, controller, NOT_STARTED))
        return tuple(nodes)

    def _run(self, nodes: Sequence[Node], cluster_id: str) -> BrokerStatus | None:
        """The broker when it answers; one that does not, or whose start is interrupted, is stopped."""
        controllers = {node.id: node.controller for node in nodes}
        missing = [node for node in nodes if not node.process.alive]
        for node in missing:
            self._servers[node.id - 1].prepare(node.port, controllers, cluster_id)
        processes = {node.id: self._servers[node.id - 1].launch() for node in missing}
        status = BrokerStatus(
            self.data,
            tuple(Node(node.id, node.port, node.controller, processes.get(node.id, node.process)) for node in nodes),
        )
        answered = False
        try:
            status.write()
            answered = self._answers(status)
        finally:
            if not answered:
                for process in processes.values():
                    process.stop(STOP_PATIENCE)
        return status if answered else None

    def _answers(self, status: BrokerStatus) -> bool:
        """Whether every node knows all the others before one ends or the time is up."""
        deadline = time.monotonic() + START_TIMEOUT
        while not status.missing and time.monotonic() < deadline:
            if all(brokers(HOST, node.port) >= len(status.nodes) for node in status.nodes):
                return not status.missing
            time.sleep(0.05)
        return False

    def _log_tail(self, lines: int) -> str:
        return "\n".join(server.log_tail(lines) for server in self._servers)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start at a time on a data folder; the second finds the broker of the first."""
        with (self.data / "start.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _cluster_id() -> str:
    """A random id as Kafka writes it; it must not look like an option of the command."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
