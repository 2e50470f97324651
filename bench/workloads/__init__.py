"""The workloads W1 to W7: topologies in the public language, one small file each.

Knows nothing of how they are run or measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.workloads import count, important, rekeyed, sessions, stream_join, table_join, tumbling
from bench.workloads.topics import Topics
from streamapp import Topology

WORKLOADS: Mapping[str, Callable[[str, Topics], Topology]] = {
    "W1": important.topology,
    "W2": count.topology,
    "W2c": count.cached,
    "W3": tumbling.topology,
    "W3c": tumbling.cached,
    "W3-1h": tumbling.hours,
    "W3-1s": tumbling.seconds,
    "W4": rekeyed.topology,
    "W5": table_join.topology,
    "W6": stream_join.topology,
    "W7": sessions.topology,
}
"""What makes a workload's topology, from its name and topics; a `c`: with a record cache, as Kafka Streams has one."""
