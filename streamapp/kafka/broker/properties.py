"""The properties of one embedded node, which is broker and controller (KRaft, KIP-500).

For a development machine: small, loopback only, quick to form a group. Knows nothing of processes.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.kafka.broker.status import HOST

PARTITIONS = 4
"""Of each of Kafka's own topics; its default of 50 costs seconds and file handles."""


def node_properties(node_id: int, port: int, controllers: Mapping[int, int], logs: str) -> dict[str, str]:
    """The properties of a node; `controllers`: the quorum's ports by node id; `logs`: its folder of logs."""
    voters = ",".join(f"{voter}@{HOST}:{voter_port}" for voter, voter_port in controllers.items())
    return {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controllers[node_id]}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": logs,
        "auto.create.topics.enable": "false",
        "broker.heartbeat.interval.ms": "1000",
        "broker.session.timeout.ms": "4000",  # a start after a kill waits for the end of the old session
        "group.initial.rebalance.delay.ms": "0",
        "log.cleaner.dedupe.buffer.size": str(10 * 1024 * 1024),
        "num.io.threads": "4",
        "num.network.threads": "2",
        **_replication(len(controllers)),
    }


def _replication(nodes: int) -> dict[str, str]:
    replicas, in_sync = (str(min(nodes, 3)), str(min(nodes, 2)))
    properties = {"default.replication.factor": replicas, "min.insync.replicas": in_sync}
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        properties[f"{topic}.replication.factor"] = replicas
        properties[f"{topic}.num.partitions"] = str(PARTITIONS)
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        properties[f"{topic}.min.isr"] = in_sync
    return properties


def render(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file; nothing here needs its escapes."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())
