"""Which topics must be there beside an imported one, so that the topologies that read it can run.

Knows nothing of a cluster.
"""

from __future__ import annotations

from streamapp.cli.shape import shape_of
from streamapp.cli.topics import wanted_topics
from streamapp.registry import MissingRegistryError, load_topologies
from streamapp.settings import Settings


def topics_beside(settings: Settings, topic: str) -> dict[str, dict[str, str]]:
    """Topics that registered topologies read or write beside `topic`, with their configuration; none without them."""
    try:
        topologies = load_topologies(settings).values()
    except MissingRegistryError:
        return {}  # data can be imported where there are no topologies
    wanted = wanted_topics(topology for topology in topologies if topic in shape_of(topology).reads)
    return {name: config for name, config in wanted.items() if name != topic}
