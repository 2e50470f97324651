"""The picture of the checkout, which is a service and no topology: requests, the topic they end on, and who reads it.

Who reads it is asked of the topologies, so that the picture stays true.
"""

from __future__ import annotations

from docs.pictures.topology import svg
from streamapp.cli.shape import shape_of
from streamapp.web.box import Box
from streamapp.web.graph import Graph
from streamapp.web.layout import layout
from topologies import TOPOLOGIES
from topologies.events import ORDERS
from topologies.services import checkout

REQUESTS = ("POST /checkout", "POST /orders/ID/cancel")


def drawn_checkout() -> str:
    """The picture as SVG."""
    name = checkout.service.name
    service, topic = Box("service", "step", "service", name), Box("topic", "sink", "topic", ORDERS.name)
    requests = [Box(request, "source", "request", request) for request in REQUESTS]
    readers = [topology.name for topology in TOPOLOGIES if ORDERS.name in shape_of(topology).reads]
    boxes = (*requests, service, topic, *(Box(f"reads:{one}", "table", "topology", one) for one in readers))
    arrows = [(request.id, service.id) for request in requests]
    arrows += [(service.id, topic.id), *((topic.id, f"reads:{one}") for one in readers)]
    return svg(f"Service {name}", {"": layout(Graph(0, boxes, tuple(arrows)))})
