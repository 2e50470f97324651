"""Keeps the global tables of a topology: the records of their topics in, rows out that all tasks may look up.

There is one for each process; it reads all partitions, and knows no stream time: a later record of a key replaces
its row, a null value deletes it, a null key is dropped (GlobalStateUpdateTask). No I/O; knows nothing of
sub-topologies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamapp.dsl.failure import OnError
from streamapp.engine.failure import DeadLetter, Policy
from streamapp.engine.records import Row
from streamapp.engine.specs import GlobalSpec
from streamapp.engine.store import Store


class GlobalTask:
    """Runs `specs` on their `stores`; what cannot be decoded is in `dead_letters`. Not thread-safe."""

    def __init__(
        self,
        specs: Sequence[GlobalSpec],
        stores: Mapping[str, Store],
        *,
        application: str,
        on_error: OnError = "dead_letter",
    ) -> None:
        self.dead_letters: list[DeadLetter] = []
        self.dropped: dict[str, int] = {}
        """Records dropped for a null key, by store, since the task was opened."""
        self._policy = Policy(application, on_error)
        self._specs = {spec.topic: spec for spec in specs}
        self._stores: Mapping[str, Any] = stores

    def process(self, topic: str, partition: int, rows: Sequence[Row]) -> None:
        """Keeps consecutive records of one partition.

        Raises `ProcessingError` for one that cannot be decoded when the policy is to fail; those before it stay.
        """
        spec = self._specs[topic]
        name, put = spec.store.name, self._stores[spec.store.name].put
        decode_key, decode_value = spec.key.decode, spec.value.decode
        for row in rows:
            _, timestamp, key, value, _ = row
            if key is None:
                self.dropped[name] = self.dropped.get(name, 0) + 1
                continue
            try:
                put(decode_key(key), None if value is None else decode_value(value), timestamp)
            except Exception as error:  # noqa: BLE001 - the author's codecs may raise anything
                self._failed(topic, partition, row, error)

    def _failed(self, topic: str, partition: int, row: Row, error: Exception) -> None:
        letter = DeadLetter(topic, partition, row, error, "decode")
        if self._policy.outcome(letter) == "dead_letter":
            self.dead_letters.append(letter)
        else:
            self.dropped["on_error"] = self.dropped.get("on_error", 0) + 1
