"""The order in which Kafka's `Topology#describe` prints parts and what follows them.

Parts come by how many ways lead on from them, most first, then by name. What follows a part is listed in the
order of a Java set that is filled while those numbers still grow, from a Java map: so this counts as Java's
`HashMap` and `TreeSet` do (`InternalTopologyBuilder.describeSubtopology`). Knows only names and edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def arrange(inputs: Mapping[str, tuple[str, ...]]) -> tuple[list[str], dict[str, list[str]]]:
    """The names in the order they are printed, and for each what follows it.

    `inputs` names, for each part of one sub-topology in the order they were built, the parts before it.
    """
    sizes = dict.fromkeys(inputs, 1)
    known: dict[str, list[str]] = {name: [] for name in inputs}
    following: dict[str, list[str]] = {name: [] for name in inputs}

    def grow(name: str, by: int) -> None:
        sizes[name] += by
        for before in known[name]:
            grow(before, by)

    for name in hash_order(inputs):
        for before in inputs[name]:
            known[name].append(before)
            _insert(following[before], name, sizes)
            grow(before, sizes[name])
    return sorted(inputs, key=lambda name: (-sizes[name], name)), following


def _insert(ordered: list[str], name: str, sizes: Mapping[str, int]) -> None:
    """Puts `name` where the sizes of now say, into a list that may be ordered by the sizes of before."""
    rank = (-sizes[name], name)
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if rank < (-sizes[ordered[middle]], ordered[middle]):
            high = middle
        else:
            low = middle + 1
    ordered.insert(low, name)


def hash_order(names: Iterable[str]) -> list[str]:
    """The order of a `java.util.HashMap` that has been given `names`."""
    names = list(names)
    buckets = 16
    while len(names) > buckets * 3 // 4:
        buckets *= 2
    return sorted(names, key=lambda name: _spread_hash(name) & (buckets - 1))


def _spread_hash(text: str) -> int:
    """`String.hashCode`, mixed as `HashMap` does."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value ^ (value >> 16)
