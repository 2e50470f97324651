"""A walk through the shop at the end of the demo: everything that can be asked, and what it says.

Knows nothing of processes or Kafka.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from topologies.order import FINAL
from topologies.services.demo.commands import DemoError

if TYPE_CHECKING:
    from aiohttp import ClientSession


class Tour:
    """Asks at `pages`, those of the worker, and at the addresses of the services in `urls`."""

    def __init__(self, session: ClientSession, pages: str, urls: dict[str, str]) -> None:
        self._session = session
        self._pages, self._urls = pages, urls

    async def walk(self, order_id: str) -> list[str]:
        """What was seen, beginning with an order that is through; raises `DemoError` at what has nothing to show."""
        order = await self._ask(f"{self._urls['storefront']}/orders/{order_id}")
        _must(order["status"] in FINAL, f"order {order_id} is {order['status']} in the end")
        who = order["order"]["customer_id"]
        orders = await self._ask(f"{self._urls['storefront']}/orders?customer={who}")
        _must(order_id in {one["order_id"] for one in orders["items"]}, f"order {order_id} is not in the list of {who}")
        customer = await self._ask(f"{self._urls['storefront']}/customers/{who}")
        features = await self._ask(f"{self._urls['feature-server']}/features/{who}")
        _must(features["features"]["month"]["orders"] > 0, f"the features of {who} know of no order")
        top = await self._rows("activity", "top-pages")
        visits = await self._rows("activity", "visits")
        hours = await self._rows("telemetry", "temperature-hourly")
        return list(_told(order, customer, features["features"]["month"], top, visits, hours))

    async def _rows(self, topology: str, table: str) -> list[Any]:
        """The first rows of a table."""
        rows: list[Any] = (await self._ask(f"{self._pages}/api/v1/topologies/{topology}/tables/{table}"))["items"]
        _must(bool(rows), f"table {table} of {topology} is empty")
        return rows

    async def _ask(self, url: str) -> Any:
        async with self._session.get(url) as response:
            text = await response.text()
            _must(response.status == 200, f"{url} answers {response.status}: {text}")
            return await response.json()


def _must(holds: bool, problem: str) -> None:
    if not holds:
        raise DemoError(problem)


def _told(order: Any, customer: Any, month: Any, top: list[Any], visits: list[Any], hours: list[Any]) -> Iterator[str]:
    """A line for each stop."""
    placed = order["order"]
    who = placed["customer_id"]
    yield f"order     {placed['order_id']} is {order['status']}, after {order['entries']} entries of its history"
    yield f"customer  {who} has placed {customer['orders']} orders and paid {customer['captured'] / 100:.2f}"
    yield f"features  of {who}: {month['orders']} orders in a month, the last {month['recency'] / 1000:.0f} s ago"
    page = top[0]["value"][0]
    yield f"activity  {len(visits)} visits; the page viewed most is {page['page']}, {page['views']} times"
    sensors = sorted({row["key"] for row in hours})
    yield f"sensors   {', '.join(sensors)}"
