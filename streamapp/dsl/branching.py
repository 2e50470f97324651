"""Splitting a stream into branches, and merging streams.

Knows nothing of how branches run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.function import adapt
from streamapp.dsl.node import Function, Node
from streamapp.dsl.nodes_stream import Branch, Merge, Split
from streamapp.dsl.place import author_line
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from streamapp.dsl.stream import Stream

K = TypeVar("K")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Branches(Generic[K, V_co]):
    """A stream about to be split: made by `Stream.split`, ended by `default` or `no_default`."""

    node: Node
    predicates: tuple[Function, ...] = ()

    @overload
    def branch(self, predicate: Callable[[V_co], bool]) -> Branches[K, V_co]: ...
    @overload
    def branch(self, predicate: Callable[[K, V_co], bool]) -> Branches[K, V_co]: ...
    def branch(self, predicate: Callable[..., bool]) -> Branches[K, V_co]:
        """Adds a branch of the records for which `predicate` is true, and none of those before."""
        function = adapt("branch", predicate, self.node.key, {"the value": self.node.value})
        return replace(self, predicates=(*self.predicates, function))

    def default(self) -> tuple[Stream[K, V_co], ...]:
        """The branches in their order, and last the one of all other records."""
        return self._made(default=True)

    def no_default(self) -> tuple[Stream[K, V_co], ...]:
        """The branches in their order; records of none of them are dropped."""
        return self._made(default=False)

    def _made(self, *, default: bool) -> tuple[Stream[K, V_co], ...]:
        from streamapp.dsl.stream import Stream  # late: streams lead to branches, and branches to streams

        if not self.predicates:
            raise TopologyError(f"split at {author_line()} has no branch: add .branch(predicate) after .split()")
        kept = {"key": self.node.key, "value": self.node.value, "key_changed": self.node.key_changed}
        split = Split(parents=(self.node,), predicates=self.predicates, default=default, **kept)
        numbers = range(len(self.predicates) + default)
        return tuple(Stream(Branch(parents=(split,), number=number, **kept)) for number in numbers)


def merge_of(node: Node, other: Node) -> Merge:
    """The records of both; raises `TopologyError` when their types differ."""
    for part, one, two in (("keys", node.key, other.key), ("values", node.value, other.value)):
        if contradicts(one, two) and contradicts(two, one):
            raise TopologyError(
                f"merge at {author_line()}: the {part} of one stream are {name_of(plain(one))}, of the other "
                f"{name_of(plain(two))}: map one of them to the type of the other"
            )
    return Merge(
        parents=(node, other),
        key=_common(node.key, other.key),
        value=_common(node.value, other.value),
        key_changed=node.key_changed or other.key_changed,
    )


def _common(one: Any, two: Any) -> Any:
    """The type of values of both; None when nothing is known of it."""
    return one if plain(one) == plain(two) else None
