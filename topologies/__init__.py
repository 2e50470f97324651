"""What happens: one file per topology, `events` with what they speak of, `services` with what starts it all.

streamapp finds the two names below by its settings `topologies` and `services`.
"""

from __future__ import annotations

from topologies import (
    billing,
    customer_dashboard,
    email,
    enrichment,
    important,
    inventory,
    orders,
    orders_read_model,
    revenue,
    shipping,
)
from topologies.services import checkout, storefront

TOPOLOGIES = (
    important.topology,
    orders.topology,
    inventory.topology,
    billing.topology,
    shipping.topology,
    email.topology,
    orders_read_model.topology,
    customer_dashboard.topology,
    enrichment.topology,
    revenue.topology,
)

SERVICES = {service.name: service for service in (checkout.service, storefront.service)}
