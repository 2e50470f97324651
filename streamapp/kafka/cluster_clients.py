"""The clients of a cluster that is reached by its address. Knows nothing of what they are used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from streamapp.kafka.assignor import GroupAssignor
from streamapp.kafka.connection import Address
from streamapp.kafka.consumer import BatchConsumer
from streamapp.kafka.interfaces import Producer
from streamapp.kafka.producer import BatchProducer
from streamapp.kafka.writer import BatchWriter


class ClusterClients:
    """Makes what `streamapp.kafka.interfaces.Kafka` says."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def reader(self, *, committed: bool = True) -> BatchConsumer:
        """Reads committed records, or all there are, in no group."""
        level = "read_committed" if committed else "read_uncommitted"
        return BatchConsumer(bootstrap_servers=self._address, isolation_level=level)

    def member(
        self, group: str, instance: str, session_s: float, heartbeat_s: float, assignor: GroupAssignor
    ) -> BatchConsumer:
        """Reads committed records as a static member of a group."""
        return BatchConsumer(
            bootstrap_servers=self._address,
            group_id=group,
            group_instance_id=instance,
            isolation_level="read_committed",
            session_timeout_ms=int(session_s * 1000),
            heartbeat_interval_ms=int(heartbeat_s * 1000),
            partition_assignment_strategy=[assignor],
        )

    def producer(self, transactional_id: str | None, transaction_s: float) -> BatchProducer:
        """Writes in transactions, or without when there is no id."""
        if transactional_id is None:
            return BatchProducer(bootstrap_servers=self._address)
        return BatchProducer(
            bootstrap_servers=self._address,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(transaction_s * 1000),
        )

    def writer(self, producer: Producer, limits: Mapping[str, int]) -> BatchWriter:
        """Writes through a producer that was made here."""
        return BatchWriter(cast(BatchProducer, producer), limits=limits)
