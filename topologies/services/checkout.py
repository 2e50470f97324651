"""The checkout: takes orders over HTTP and puts them on their topic.

Answers 202 once the order is in Kafka; what becomes of it is told by e-mail. Every later event carries the correlation
id of the request: that of `X-Correlation-Id`, else the trace id of `traceparent`, else a new one.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from streamapp import Publisher, Service, StreamappError
from topologies.events import ORDERS, OrderLine, OrderPlaced

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, Response

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Price = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?\Z")]
"""Pounds and pence as text: a JSON number would not be exact."""


class Line(Struct, frozen=True):
    """One article of a checkout."""

    sku: Name
    quantity: Annotated[int, Meta(ge=1, le=100_000)]
    unit_price: Price


class Checkout(Struct, frozen=True):
    """The body of a request."""

    customer_id: Name
    country: Name
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=1000)]


def build(publisher: Publisher) -> Application:
    """Takes orders: POST /checkout."""
    from aiohttp import web  # late: every command imports this module, and only one needs it

    async def checkout(request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.read(), type=Checkout)
        except msgspec.ValidationError as error:
            return web.json_response(refusal(error), status=422)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return web.json_response({"error": f"the body is not JSON: {error}"}, status=400)
        order = order_of(body, str(uuid.uuid4()))
        correlation = correlation_id(request.headers) or str(uuid.uuid4())
        try:
            await publisher.publish(ORDERS, order.order_id, order, correlation_id=correlation)
        except StreamappError as error:
            return web.json_response({"error": str(error)}, status=503)
        return web.json_response({"order_id": order.order_id, "correlation_id": correlation}, status=202)

    application = web.Application()
    application.router.add_post("/checkout", checkout)
    return application


def order_of(body: Checkout, order_id: str) -> OrderPlaced:
    """The event of a valid checkout."""
    lines = tuple(OrderLine(line.sku, line.quantity, int(Decimal(line.unit_price) * 100)) for line in body.lines)
    return OrderPlaced(order_id, body.customer_id, body.country, lines)


def correlation_id(headers: Mapping[str, str]) -> str | None:
    """What the caller knows the request by; None when it says nothing that can be passed on."""
    given = headers.get("X-Correlation-Id", "")
    if re.fullmatch(r"[!-~]{1,128}", given):
        return given
    trace = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", headers.get("traceparent", ""))
    return trace[1] if trace else None


def refusal(error: msgspec.ValidationError) -> dict[str, str]:
    """What is wrong, and the field it is wrong in, such as `lines[0].unit_price`."""
    problem, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").removeprefix(".")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", problem):
        field = f"{field}.{missing[1]}".removeprefix(".")
    return {"error": f"{field or 'the body'}: {problem}", "field": field}


service = Service("checkout", build, "Take orders: POST /checkout.")
