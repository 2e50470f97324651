"""The names an application has in Kafka and on disk, all made from its group's name.

The engine knows stores and internal topics by the names the author gave; only this module knows what Kafka calls
them. Knows nothing of clusters.
"""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the application whose consumer group is `group`, that is `<application prefix>-<topology>`."""

    group: str

    @classmethod
    def of(cls, application: str, topology: str) -> Names:
        """The names of a topology under an application prefix."""
        return cls(f"{application}-{topology}")

    @property
    def dead_letters(self) -> str:
        """The topic of records that could not be decoded or processed."""
        return f"{self.group}-dead-letters"

    def changelog(self, store: str) -> str:
        """The compacted topic that holds a store's rows."""
        return f"{self.group}-{store}-changelog"

    def internal(self, topic: str) -> str:
        """An internal topic, such as `by-country-repartition`, as Kafka knows it."""
        return f"{self.group}-{topic}"

    def made(self, topic: str) -> bool:
        """Whether a topic bears a name that only this application gives, so that no pattern may match it."""
        internal = topic.startswith(f"{self.group}-") and topic.endswith(("-changelog", "-repartition"))
        return internal or topic == self.dead_letters

    def member(self, state_dir: Path, slot: int) -> str:
        """The transactional id and static member id: a restart in the same slot takes its predecessor's place.

        Host and folder are part of it, so that two workers with folders of their own never take each other's; both
        survive the loss of the folder, so that a worker whose state was deleted still aborts what it left open.
        """
        return f"{self.group}-{self.place(state_dir)}-{slot}"

    def place(self, state_dir: Path) -> str:
        """Eight digits that only the workers of one host and state folder share."""
        return hashlib.blake2s(f"{socket.gethostname()}:{state_dir.resolve()}".encode(), digest_size=4).hexdigest()

    def folder(self, state_dir: Path) -> Path:
        """Where the application's state lies."""
        return state_dir / self.group


def task_name(subtopology: int, partition: int) -> str:
    """`0_3`: sub-topology 0, partition 3, as Kafka Streams names its tasks."""
    return f"{subtopology}_{partition}"
