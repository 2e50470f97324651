"""What happens: one file per topology, `events` with what they speak of, `services` with what starts it all.

streamapp finds the two names below by its settings `topologies` and `services`.
"""

from __future__ import annotations

from topologies import (
    billing,
    email,
    enrichment,
    important,
    inventory,
    orders,
    revenue,
    shipping,
)
from topologies.services import checkout

TOPOLOGIES = (
    important.topology,
    orders.topology,
    inventory.topology,
    billing.topology,
    shipping.topology,
    email.topology,
    enrichment.topology,
    revenue.topology,
)

SERVICES = {checkout.service.name: checkout.service}
