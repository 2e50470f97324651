"""The command side: takes orders and cancellations over HTTP and puts them on their topic.

Answers 202 once the event is in Kafka, with its position; what becomes of the order is told by the storefront and by
mail. Every later event carries the correlation id of the request: that of `X-Correlation-Id`, else the trace id of
`traceparent`, else a new one. A request with an `Idempotency-Key` may be sent again: it is answered as before.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from streamapp import Publisher, Service, StreamappError
from topologies.events import ORDERS, OrderCancelled, OrderEvent, OrderLine, OrderPlaced
from topologies.services.idempotency import KEY, REQUEST, Answer, Answers, OtherRequestError, id_of, request_of
from topologies.services.responses import respond

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, Response

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Price = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?\Z")]
"""Pounds and pence as text: a JSON number would not be exact."""


class Line(Struct, frozen=True):
    """One article of a checkout."""

    sku: Name
    quantity: Annotated[int, Meta(ge=1, le=100_000)]
    unit_price: Price


class Checkout(Struct, frozen=True):
    """The body of `POST /checkout`."""

    customer_id: Name
    country: Name
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=1000)]
    card: Annotated[str, Meta(max_length=100)] = ""


class Cancellation(Struct, frozen=True):
    """The body of `POST /orders/ID/cancel`, which may be left out."""

    reason: Annotated[str, Meta(max_length=200)] = ""


B = TypeVar("B", bound=Struct)


class RefusedError(Exception):
    """The request cannot be understood: the status and the body of the answer."""

    def __init__(self, status: int, **body: str) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Desk:
    """Takes requests and publishes what they ask for."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._answers = Answers()

    async def recall(self, _application: Application) -> AsyncIterator[None]:
        """Before the first request: what was answered before."""
        await self._answers.recall(self._publisher, ORDERS)
        yield

    async def checkout(self, request: Request) -> Response:
        """`POST /checkout`."""

        async def event(key: str | None) -> tuple[OrderEvent, bytes]:
            body = decoded(await request.read(), Checkout)
            return order_of(body, id_of(key, "order")), msgspec.json.encode(body)

        return await self._answer(request, event)

    async def cancel(self, request: Request) -> Response:
        """`POST /orders/ID/cancel`; whether it is too late is found out behind it."""

        async def event(key: str | None) -> tuple[OrderEvent, bytes]:
            body = decoded(await request.read() or b"{}", Cancellation)
            order_id = request.match_info["id"]
            if not re.fullmatch(r"[!-~]{1,100}", order_id):
                raise RefusedError(422, error=f"order id {order_id!r}: give the one that the checkout gave", field="id")
            return OrderCancelled(order_id, body.reason), msgspec.json.encode(body)

        return await self._answer(request, event)

    async def _answer(self, request: Request, make: Any) -> Response:
        try:
            key = idempotency_key(request.headers)
            event, asked = await make(key)
            wanted = request_of(request.path.encode(), asked)
            taken = await self._answers.once(key, wanted, lambda: self._publish(event, key, wanted, request.headers))
        except RefusedError as refused:
            return respond(refused.status, refused.body)
        except OtherRequestError:
            error = f"Idempotency-Key {key!r} was used for another request: give each request a key of its own"
            return respond(422, {"error": error, "field": "Idempotency-Key"})
        except StreamappError as error:
            return respond(503, {"error": str(error)})
        order_id, correlation, place = taken
        body = {"order_id": order_id, "correlation_id": correlation, "position": place._asdict()}
        return respond(202, body)

    async def _publish(self, event: OrderEvent, key: str | None, asked: str, headers: Mapping[str, str]) -> Answer:
        correlation = correlation_id(headers) or id_of(key, "correlation")
        _, place = await self._publisher.publish(
            ORDERS,
            event.order_id,
            event,
            correlation_id=correlation,
            event_id=id_of(key, "event"),
            headers=None if key is None else {KEY: key, REQUEST: asked},
        )
        return Answer(event.order_id, correlation, place)


def build(publisher: Publisher) -> Application:
    """Takes orders, POST /checkout, and cancellations, POST /orders/ID/cancel."""
    from aiohttp import web  # late: every command imports this module, and only one needs it

    desk = Desk(publisher)
    application = web.Application()
    application.cleanup_ctx.append(desk.recall)
    application.router.add_post("/checkout", desk.checkout)
    application.router.add_post("/orders/{id}/cancel", desk.cancel)
    return application


def decoded(data: bytes, kind: type[B]) -> B:
    """The body of a request; raises `RefusedError` that names what is wrong with it."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise RefusedError(422, **refusal(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(400, error=f"the body is not JSON: {error}") from error


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """The key of a request; None when it has none. Raises `RefusedError` for one that is none."""
    key = headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(r"[!-~]{1,255}", key):
        error = f"Idempotency-Key {key!r}: give 1 to 255 visible ASCII characters, such as a UUID"
        raise RefusedError(400, error=error, field="Idempotency-Key")
    return key


def order_of(body: Checkout, order_id: str) -> OrderPlaced:
    """The event of a valid checkout."""
    lines = tuple(OrderLine(line.sku, line.quantity, int(Decimal(line.unit_price) * 100)) for line in body.lines)
    return OrderPlaced(order_id, body.customer_id, body.country, lines, body.card)


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


service = Service("checkout", build, "Take orders and cancellations: POST /checkout, POST /orders/ID/cancel.")
