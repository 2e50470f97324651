"""What a cancelled line may take back: purchases of the same article by the same customer, in the 30 days before.

A cancellation does not name its invoice, so it is joined with every purchase in question, and with null when there
is none: promptly, so that purchases, too, tell that a cancellation's time is over. Both kinds go through one
repartition topic and part only behind it: so they keep their order.
"""

from __future__ import annotations

from streamapp import DAY, Topology, join_windows, stream
from topologies.analytics.events import RETURNS, Return
from topologies.events import RETAIL, RetailRow


def has_customer(row: RetailRow) -> bool:
    """Whether it is known who bought."""
    return row.customer is not None


def article(row: RetailRow) -> tuple[str, str]:
    """Who bought or cancelled what."""
    return row.customer or "", row.stock_code


def is_cancellation(row: RetailRow) -> bool:
    """Whether the line takes something back."""
    return row.invoice.startswith("C") and row.quantity < 0


def is_purchase(row: RetailRow) -> bool:
    """Whether the line sells something."""
    return not row.invoice.startswith("C") and row.quantity > 0


def matched(cancellation: RetailRow, purchase: RetailRow | None) -> Return:
    """Both by their rows."""
    return Return(cancellation.row, None if purchase is None else purchase.row)


lines = (
    stream(RETAIL)
    .filter(has_customer)
    .filter(lambda row: is_cancellation(row) or is_purchase(row))
    .select_key(article)
    .repartition("by-article")
)

returns = lines.filter(is_cancellation).left_join(
    lines.filter(is_purchase), matched, "purchases", within=join_windows(before=30 * DAY, prompt=True)
)

topology = Topology("returns", returns.to(RETURNS))
