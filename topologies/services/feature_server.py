"""Features over HTTP, for a model that has to decide now: `GET /features/CUSTOMER`.

They are made of the same rows by the same function as those a model is trained on.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec

from streamapp import Publisher, Service
from topologies import features
from topologies.features import KEPT, PURCHASES
from topologies.services.projections import NotReadableError, Projections
from topologies.services.responses import respond
from topologies.spending import SPANS, Purchase, features_of

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, Response


class FeatureServer:
    """Answers from the store of the topology, which can be asked between `opened` and its end."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    async def opened(self, _application: Application) -> AsyncIterator[None]:
        """Holds connections to the workers while it is iterated over."""
        from aiohttp import ClientSession  # late: every command imports this module, and only one needs it

        async with ClientSession() as session:
            self._projections = Projections(session)
            yield

    async def features(self, request: Request) -> Response:
        """`GET /features/CUSTOMER`, as of now or of `?at=MS`; of a customer nobody knows they are all 0."""
        now, customer = self._now(), request.match_info["customer"]
        given = request.query.get("at", str(now))
        oldest = now - KEPT + SPANS["month"]
        if not (given.isascii() and given.isdigit()) or not oldest <= int(given) <= now:
            text = f"at={given!r}: give a time in ms since the epoch, between {oldest} and {now}"
            return respond(400, {"error": text, "field": "at"})
        try:
            found = await self._purchases(customer, int(given))
        except NotReadableError as error:
            return respond(503, {"error": str(error)})
        made = features_of(found, int(given))
        return respond(200, {"customer_id": customer, "at": int(given), "features": msgspec.to_builtins(made)})

    async def _purchases(self, customer: str, at: int) -> list[Purchase]:
        search = {"key": customer, "from": str(at - SPANS["month"] + 1), "to": str(at + 1)}
        rows = await self._projections.rows(features.topology.name, PURCHASES.name, **search)
        return [purchase for row in rows for purchase in msgspec.convert(row, tuple[Purchase, ...])]


def build(publisher: Publisher, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> Application:
    """Shows the features of a customer: GET /features/CUSTOMER."""
    from aiohttp import web  # late, as above

    server, application = FeatureServer(now), web.Application()
    application.cleanup_ctx.append(server.opened)
    application.router.add_get("/features/{customer}", server.features)
    return application


service = Service("feature-server", build, "Show what a model is told of a customer: GET /features/CUSTOMER.")
