"""One node of the embedded cluster on its folder: what it is told, the format of its log, its process.

Knows nothing of the other nodes but their controllers' ports.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamapp.errors import StreamappError
from streamapp.kafka.broker.process import Process
from streamapp.kafka.broker.properties import node_properties, render

LOGS = "logs"
"""Kafka's partitions, relative to the node's folder, in which it runs: a path would have to be escaped."""


class NodeServer:
    """The node `number` in `folder`; its process outlives this object. `command` is Java with Kafka's jars."""

    def __init__(self, folder: Path, number: int, command: Sequence[str]) -> None:
        self.folder = folder
        self.number = number
        self._command = list(command)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the server logs; that of the start before is beside it, with `.1`."""
        return self.folder / "server.log"

    def prepare(self, port: int, controllers: Mapping[int, int], cluster_id: str) -> None:
        """Writes the properties and, into a new folder, the cluster's id; without that Kafka refuses to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = node_properties(self.number, port, controllers, LOGS)
        self._properties.write_text(render(properties), encoding="utf-8")
        if (self.folder / LOGS / "meta.properties").exists():
            return
        arguments = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties)]
        with self.log.open("ab") as log:
            done = subprocess.run(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                check=False,
            )
        if done.returncode:
            raise StreamappError(f"{self.folder} cannot be made a data folder of Kafka:\n{self.log_tail(15)}")

    def launch(self) -> Process:
        """Starts the process, which goes on by itself."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._command, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        return Process.find(self._child.pid) or Process(self._child.pid, "")

    def reap(self) -> None:
        """Waits for the process that `launch` started, if it did, so that no zombie stays."""
        if self._child is not None:
            self._child.wait()
            self._child = None

    def keep_last_log(self) -> None:
        """Begins a new log and keeps the one before."""
        if self.log.exists():
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))

    def log_tail(self, lines: int) -> str:
        """The last lines of the log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"
