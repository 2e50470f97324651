"""The query side over HTTP: an order, the orders of a customer, a customer; answered from the projections.

A projection is a moment behind the log. Who has just written says so with `?position=TOPIC/PARTITION/OFFSET`, as the
checkout has answered: then the answer waits until that is in it, two seconds at most, and is else 504.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from streamapp import Place, Publisher, Service
from topologies import customer_dashboard, orders_read_model
from topologies.orders_read_model import BY_CUSTOMER, PASSED, VIEWS, of_customer
from topologies.services.projections import NotReadableError, Projections
from topologies.services.responses import respond

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, Response

PATIENCE = 2.0
"""Seconds a request waits for its position."""

LOOK_AGAIN = 0.02

ORDERS_MODEL = orders_read_model.topology.name
CUSTOMERS_MODEL = customer_dashboard.topology.name


class PositionError(Exception):
    """What was given is no position; the text says what is one."""


class Storefront:
    """Answers from the projections, which can be asked between `opened` and its end."""

    def __init__(self) -> None:
        self._patience = float(os.environ.get("SHOP_PATIENCE") or PATIENCE)

    async def opened(self, _application: Application) -> AsyncIterator[None]:
        """Holds connections to the workers while it is iterated over."""
        from aiohttp import ClientSession  # late: every command imports this module, and only one needs it

        async with ClientSession() as session:
            self._projections = Projections(session)
            yield

    async def order(self, request: Request) -> Response:
        """`GET /orders/ID`."""
        order_id = request.match_info["id"]
        return await self._answer(request, lambda: self._one(ORDERS_MODEL, VIEWS.name, order_id), self._orders_passed)

    async def orders(self, request: Request) -> Response:
        """`GET /orders?customer=ID`."""
        customer = request.query.get("customer", "")
        if not customer:
            return respond(400, {"error": "customer is missing: ask for /orders?customer=ID", "field": "customer"})

        async def find() -> Any:
            rows = await self._projections.rows(ORDERS_MODEL, BY_CUSTOMER.name, prefix=of_customer(customer))
            return {"items": [row for row in rows if row["customer_id"] == customer]}

        return await self._answer(request, find, self._orders_passed)

    async def customer(self, request: Request) -> Response:
        """`GET /customers/ID`."""
        customer = request.match_info["id"]

        def find() -> Awaitable[Any]:
            return self._one(CUSTOMERS_MODEL, "customers", customer)

        async def passed(position: Place) -> bool:
            row = await find()
            return row is not None and row["passed"].get(_partition(position), -1) >= position.offset

        return await self._answer(request, find, passed)

    async def _until(self, passed: Callable[[], Awaitable[bool]]) -> None:
        while not await passed():  # noqa: ASYNC110 - it is another process that comes to the position
            await asyncio.sleep(LOOK_AGAIN)

    async def _one(self, topology: str, table: str, key: str) -> Any:
        rows = await self._projections.rows(topology, table, key=key)
        return rows[0] if rows else None

    async def _orders_passed(self, position: Place) -> bool:
        offset = await self._one(ORDERS_MODEL, PASSED.name, _partition(position))
        return offset is not None and offset >= position.offset

    async def _answer(
        self, request: Request, find: Callable[[], Awaitable[Any]], passed: Callable[[Place], Awaitable[bool]]
    ) -> Response:
        try:
            position = position_of(request.query.get("position"))
            if position is not None:
                async with asyncio.timeout(self._patience):
                    await self._until(lambda: passed(position))
            found = await find()
        except PositionError as error:
            return respond(400, {"error": str(error), "field": "position"})
        except NotReadableError as error:
            return respond(503, {"error": str(error)})
        except TimeoutError:
            text = f"position {request.query['position']} has not been passed within {self._patience:g} s"
            return respond(504, {"error": f"{text}: ask again in a moment", "field": "position"})
        if found is None:
            text = f"there is nothing at {request.path} yet: if it was just made, add ?position=TOPIC/PARTITION/OFFSET"
            return respond(404, {"error": text})
        return respond(200, found)


def position_of(text: str | None) -> Place | None:
    """`orders/3/1234` as a position; raises `PositionError` for what is none."""
    if text is None:
        return None
    given = re.fullmatch(r"([A-Za-z0-9._-]+)/([0-9]{1,9})/([0-9]{1,18})", text)
    if given is None:
        raise PositionError(f"position {text!r}: give TOPIC/PARTITION/OFFSET, such as orders/3/1234")
    return Place(given[1], int(given[2]), int(given[3]))


def _partition(position: Place) -> str:
    return f"{position.topic}/{position.partition}"


def build(publisher: Publisher) -> Application:
    """Shows orders and customers: GET /orders/ID, GET /orders?customer=ID, GET /customers/ID."""
    from aiohttp import web  # late, as above

    storefront, application = Storefront(), web.Application()
    application.cleanup_ctx.append(storefront.opened)
    application.router.add_get("/orders/{id}", storefront.order)
    application.router.add_get("/orders", storefront.orders)
    application.router.add_get("/customers/{id}", storefront.customer)
    return application


service = Service("storefront", build, "Show orders and customers: GET /orders/ID, /orders?customer=ID, /customers/ID.")
