"""What an example does: the records it sends, and what comes of each.

The example runs as it stands on its page, but for its `TopologyDriver`, which is one that takes notes. Knows nothing
of pictures.
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from docs.pictures.page import Page
from streamapp import Record, Topic, Topology
from streamapp.dsl.nodes_windowed import Late
from streamapp.testing.driver import TopologyDriver

Fate: TypeAlias = Literal["processed", "partly late", "late", "dropped", "failed"]


_PARTLY: Mapping[Fate, Fate] = {"late": "partly late", "dropped": "processed"}
"""The fate of a record of which something came all the same: by another window, or another branch."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A record the example sends, the `number`th; `time` in ms."""

    number: int
    topic: str
    key: Any
    value: Any
    time: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Received:
    """A record that comes out because of the `cause`th record that was sent; `time` in ms."""

    cause: int
    topic: str
    key: Any
    value: Any
    time: int


class NotingDriver(TopologyDriver):
    """A driver that notes what goes in and what comes out at once."""

    def __init__(self, topology: Topology, **options: Any) -> None:
        self.sent: list[Sent] = []
        self.received: list[Received] = []
        self._unread: dict[str, list[Record[Any, Any]]] = {}
        self._shown: tuple[Any, Any] | None = None
        self._gives_late = any(isinstance(node, Late) for node in topology.nodes)
        super().__init__(topology, **options)

    def pipe(
        self, topic: Topic[Any, Any] | str, key: Any, value: Any, timestamp: int | None = None, headers: Any = ()
    ) -> None:
        """As the driver's."""
        self._shown = (key, value)
        super().pipe(topic, key, value, timestamp, headers)

    def pipe_bytes(
        self,
        topic: Topic[Any, Any] | str,
        key: bytes | None,
        value: bytes | None,
        timestamp: int | None = None,
        headers: Any = (),
    ) -> None:
        """As the driver's."""
        (shown_key, shown_value), self._shown = self._shown or (key, value), None
        before = self._refused()
        super().pipe_bytes(topic, key, value, timestamp, headers)
        fate: Fate = next((fate for fate, count in self._refused().items() if count > before[fate]), "processed")
        number, name = len(self.sent) + 1, topic if isinstance(topic, str) else topic.name
        if self._note(number) and not (fate == "late" and self._gives_late):
            fate = _PARTLY.get(fate, fate)
        time = self._latest if timestamp is None else timestamp
        self.sent.append(Sent(number, name, shown_key, shown_value, time, fate))

    def advance(self, by: int) -> None:
        """As the driver's."""
        super().advance(by)
        self._note(len(self.sent))

    def commit(self) -> None:
        """As the driver's."""
        super().commit()
        self._note(len(self.sent))

    def read(self, topic: Topic[Any, Any] | str) -> list[Record[Any, Any]]:
        """As the driver's."""
        super().read(topic)  # says so when nothing writes to it
        return self._unread.pop(topic if isinstance(topic, str) else topic.name, [])

    def _refused(self) -> dict[Fate, int]:
        return {
            "failed": len(self.dead_letters),
            "late": sum(self.late.values()),
            "dropped": sum(self.dropped.values()),
        }

    def _note(self, cause: int) -> int:
        """Notes what has come out since the last time; gives how many."""
        records = [
            (topic, record)
            for topic in {sink.topic: None for sub in self.plan.subtopologies for sink in sub.sinks}
            for record in super(NotingDriver, self).read(topic)
        ]
        for topic, record in records:
            self._unread.setdefault(topic, []).append(record)
            self.received.append(Received(cause, topic, record.key, record.value, record.timestamp))
        return len(records)


class _WithoutDriver(ast.NodeTransformer):
    """Takes out the import of the driver: the name is there already."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        node.names = [alias for alias in node.names if alias.name != "TopologyDriver"]
        return node if node.names else None


@dataclass(frozen=True, slots=True)
class Recording:
    """A topology, what was sent to it, and what came out."""

    topology: Topology
    sent: tuple[Sent, ...]
    received: tuple[Received, ...]

    @property
    def records(self) -> list[Sent | Received]:
        """Both."""
        return [*self.sent, *self.received]


def record(page: Page) -> Recording:
    """Runs the first example of a page."""
    program = ast.parse(page.program(page.examples[0].source))
    namespace: dict[str, Any] = {"__name__": "example", "TopologyDriver": NotingDriver}
    code = compile(_WithoutDriver().visit(program), str(page.path), "exec", dont_inherit=True)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, namespace)  # noqa: S102 - our own page, as the tests run it
    driver: NotingDriver = namespace["driver"]
    return Recording(driver.topology, tuple(driver.sent), tuple(driver.received))
