"""What has become of each article: pieces sold, taken back and written off, and the money.

Stock codes are case-sensitive: 85123A and 85123a are two articles.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from streamapp import Topology, stream
from topologies.events import RETAIL, RetailRow

Kind: TypeAlias = Literal["purchase", "cancellation", "adjustment", "debt"]


class Article(Struct, frozen=True):
    """Lines of every kind; pieces by kind, a cancelled or written-off one counts negative; all pieces, all pence."""

    events: int = 0
    purchased: int = 0
    cancelled: int = 0
    adjusted: int = 0
    net_quantity: int = 0
    net_pence: int = 0


def stock_code(row: RetailRow) -> str:
    """The article."""
    return row.stock_code


def kind(row: RetailRow) -> Kind:
    """What a line is: its invoice's letter says so (C: cancelled, A: bad debt), else the sign of its quantity."""
    if row.invoice.startswith("C"):
        return "cancellation"
    if row.invoice.startswith("A"):
        return "debt"
    return "adjustment" if row.quantity < 0 else "purchase"


def add(article: Article, row: RetailRow) -> Article:
    """The article with one more line."""
    what = kind(row)
    return Article(
        article.events + 1,
        article.purchased + (row.quantity if what == "purchase" else 0),
        article.cancelled + (row.quantity if what == "cancellation" else 0),
        article.adjusted + (row.quantity if what == "adjustment" else 0),
        article.net_quantity + row.quantity,
        article.net_pence + row.pence,
    )


topology = Topology("stock", stream(RETAIL).group_by(stock_code, "by-stock-code").aggregate(Article, add, "stock"))
