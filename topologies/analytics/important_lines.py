"""Passes on the invoice lines that are worth a hundred pounds or more, unchanged."""

from __future__ import annotations

from streamapp import Topology, stream
from topologies.analytics.events import IMPORTANT_LINES
from topologies.events import RETAIL, RetailRow

IMPORTANT_PENCE = 100_00


def is_important(row: RetailRow) -> bool:
    """Whether the line is worth enough; a cancellation never is."""
    return row.pence >= IMPORTANT_PENCE


topology = Topology("important-lines", stream(RETAIL).filter(is_important).to(IMPORTANT_LINES))
