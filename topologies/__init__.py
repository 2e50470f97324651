"""What happens: one file per topology of the shop, `analytics` with those on recorded data.

`events` has what they speak of, `services` what starts it all. streamapp finds the two names below by its settings
`topologies` and `services`.
"""

from __future__ import annotations

from topologies import (
    activity,
    analytics,
    billing,
    customer_dashboard,
    email,
    enrichment,
    features,
    fraud,
    important,
    inventory,
    orders,
    orders_read_model,
    shipping,
)
from topologies.services import checkout, feature_server, storefront, tracker

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
    activity.topology,
    fraud.topology,
    features.topology,
    *analytics.TOPOLOGIES,
)

SERVICES = {
    service.name: service for service in (checkout.service, storefront.service, feature_server.service, tracker.service)
}
