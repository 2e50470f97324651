"""Each line of a customer, with the country that the customer's line before it named: null at first.

The table keeps the last of these for each customer, and is what the next line is joined with: so a line finds the
table as all lines before it have made it, and changes it after that.
"""

from __future__ import annotations

from streamapp import Topology, stream
from topologies.analytics.events import COUNTRIES, Move
from topologies.events import RETAIL, RetailRow


def has_customer(row: RetailRow) -> bool:
    """Whether it is known who bought."""
    return row.customer is not None


def move(last: Move, row: RetailRow) -> Move:
    """What was the country is the prior one now."""
    return Move(row.row, row.country, last.country)


last_country = stream(RETAIL).filter(has_customer).group_by_key().aggregate(Move, move, "last-country")

topology = Topology("countries", last_country.to_stream().to(COUNTRIES))
