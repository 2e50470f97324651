"""What a state folder says about itself: how far it is, what cluster it belongs to, and how its stores were written.

Stored in the same atomic write as the rows it speaks of. Knows nothing of disks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from streamapp.dsl.format import Codec
from streamapp.engine.specs import StoreSpec
from streamapp.state.layout import FORMAT_VERSION
from streamapp.state.trouble import ChangedStateError


class Position(msgspec.Struct, frozen=True):
    """Where a task stood at a commit."""

    sources: dict[str, int] = {}
    """The next offset of each source topic, in the task's partition. A check, never a starting point."""
    changelogs: dict[str, int] = {}
    """For each store, the next offset of its log that is not in the rows."""
    times: dict[str, Any] = {}
    """Operators' observed times in ms; a copy of what travels with the committed offset."""
    late: dict[str, int] = {}
    """Records counted as late, by operator."""
    committed_at: int = 0
    """Wall time of the commit in ms since the epoch."""


class Identity(msgspec.Struct, frozen=True):
    """What a folder must have been made from to be believed."""

    cluster_id: str = ""
    topic_ids: dict[str, str] = {}
    """Kafka's id of each source topic: a topic that was deleted and made again has another."""
    format_version: int = FORMAT_VERSION


class Record(msgspec.Struct, frozen=True):
    """A position with all that makes it believable."""

    identity: Identity
    task: str
    """The application's and the task's folder names."""
    shapes: dict[str, str]
    """How each store's rows are written."""
    position: Position

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)

    def distrust(self, identity: Identity, task: str) -> str | None:
        """Why a folder with this record is not the one of `task` in this cluster, if it is not."""
        ours = self.identity
        if ours.format_version != identity.format_version:
            return f"its format is version {ours.format_version}, this program writes {identity.format_version}"
        if self.task != task:
            return f"it belongs to task {self.task!r}, not to {task!r}"
        if ours.cluster_id != identity.cluster_id:
            return f"it was made from Kafka cluster {ours.cluster_id!r}, not {identity.cluster_id!r}"
        for topic, id_ in ours.topic_ids.items():
            if identity.topic_ids.get(topic, id_) != id_:
                return f"topic {topic!r} was deleted and made again since it was written"
        return None


def decode_record(data: bytes) -> Record:
    """Reads what `encode` wrote; raises `ValueError` for anything else."""
    return msgspec.json.decode(data, type=Record)


def shapes(specs: Sequence[StoreSpec]) -> dict[str, str]:
    """How the rows of each store are written, in words that are equal only when the bytes mean the same."""
    return {spec.name: _shape(spec) for spec in specs}


def _shape(spec: StoreSpec) -> str:
    size = "" if spec.window_size is None else f" of {spec.window_size} ms"
    log = {"changelog": "", "none": ", no log"}.get(spec.log, f", log {spec.source_topic}")
    return f"{spec.kind}{size}{_written('key', spec.key)}{_written('value', spec.value)}{log}"


def _written(part: str, codec: Codec[Any]) -> str:
    name = getattr(codec, "name", "")
    return f", {part} {name}" if name else ""


def refuse_changed(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Raises `ChangedStateError` for a store that is declared otherwise than it was written."""
    for store, shape in new.items():
        before = old.get(store, shape)
        if before != shape:
            raise ChangedStateError(
                f"store {store!r} has changed state: it was written as {before!r} and is now declared as {shape!r}. "
                "Give the store a new name, or reset the topology to build it again from its sources"
            )
