"""Which partition a key belongs to: Kafka's default partitioner, so that producers in any language agree.

Knows nothing of topics.
"""

from __future__ import annotations

from struct import unpack_from

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF

_REMEMBERED = 100_000
"""Keys whose partition is kept: hashing in Python costs six times a lookup."""


def murmur2(data: bytes) -> int:
    """The unsigned 32-bit MurmurHash2 of `data`, as `org.apache.kafka.common.utils.Utils.murmur2` computes it."""
    length = len(data)
    words = length >> 2
    digest = _SEED ^ length
    for word in unpack_from(f"<{words}I", data):
        mixed = word * _M & _MASK
        mixed ^= mixed >> 24
        digest = (digest * _M & _MASK) ^ (mixed * _M & _MASK)
    if length & 3:
        digest = (digest ^ int.from_bytes(data[words << 2 :], "little")) * _M & _MASK
    digest ^= digest >> 13
    digest = digest * _M & _MASK
    return digest ^ digest >> 15


class Partitioner:
    """Gives a key its partition among `partitions`: `toPositive(murmur2(key)) % partitions`; null keys take turns."""

    def __init__(self, partitions: int) -> None:
        if partitions < 1:
            raise ValueError(f"a topic has at least one partition, not {partitions}")
        self.partitions = partitions
        self._known: dict[bytes, int] = {}
        self._turn = -1

    def __call__(self, key: bytes | None) -> int:
        """The partition of `key`."""
        if key is None:
            self._turn = (self._turn + 1) % self.partitions
            return self._turn
        known = self._known
        partition = known.get(key)
        if partition is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            partition = known[key] = (murmur2(key) & 0x7FFFFFFF) % self.partitions
        return partition
