"""What is known of a broker that runs: a file in its data folder, believed only while its processes live.

Knows nothing of how a broker is started.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from streamapp.kafka.broker.process import Process

FILE = "broker.json"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Node:
    """One broker of the cluster; `controller` is the port of its quorum."""

    id: int
    port: int
    controller: int
    process: Process


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """A cluster and the absolute path of its data folder."""

    data: Path
    nodes: tuple[Node, ...]

    @property
    def bootstrap_servers(self) -> str:
        """`host:port[,host:port…]`."""
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    @property
    def missing(self) -> tuple[Node, ...]:
        """The nodes whose process does not run."""
        return tuple(node for node in self.nodes if not node.process.alive)

    @property
    def alive(self) -> bool:
        """Whether at least one of its processes runs."""
        return len(self.missing) < len(self.nodes)

    def write(self) -> None:
        """Replaces what the data folder knows, as a whole."""
        text = json.dumps([asdict(node) for node in self.nodes], indent=2) + "\n"
        new = self.data / f"{FILE}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self.data / FILE)


def last(data: Path) -> BrokerStatus | None:
    """The broker that was last started on a data folder; it may have ended since."""
    data = data.absolute()
    try:
        rows = json.loads((data / FILE).read_text(encoding="utf-8"))
        nodes = tuple(_node(row) for row in rows)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return BrokerStatus(data, nodes) if nodes else None


def running(data: Path) -> BrokerStatus | None:
    """The broker that runs on a data folder, None when there is none. Asks the system, not the network."""
    status = last(data)
    return status if status and status.alive else None


def _node(row: dict[str, Any]) -> Node:
    process = Process(int(row["process"]["pid"]), str(row["process"]["began"]))
    return Node(int(row["id"]), int(row["port"]), int(row["controller"]), process)
