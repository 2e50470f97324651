"""What orchestrators ask: does the process live, has it started, may it be counted on; and its metrics.

Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Collection

import orjson
from aiohttp import web

from streamapp.web.lookup import Lookup
from streamapp.web.metrics import CONTENT_TYPE, exposition


class Probes:
    """`/healthz`, `/startupz`, `/readyz` and `/metrics`."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def routes(self) -> list[web.RouteDef]:
        """Path and handler."""
        return [
            web.get("/healthz", self.health),
            web.get("/startupz", self.startup),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """200: the process answers. A failed topology does not fail the others, so it does not count here."""
        return self._answer(True)

    async def startup(self, _request: web.Request) -> web.Response:
        """200 once every topology has been restored, or has failed."""
        return self._answer(self._all_in({"running", "failed", "stopped"}))

    async def ready(self, _request: web.Request) -> web.Response:
        """200 while every topology runs."""
        return self._answer(self._all_in({"running"}))

    async def metrics(self, _request: web.Request) -> web.Response:
        """Every counter and gauge for Prometheus."""
        return web.Response(text=exposition(self._lookup.all()), headers={"Content-Type": CONTENT_TYPE})

    def _all_in(self, states: Collection[str]) -> bool:
        return all(one.state in states for one in self._lookup.all())

    def _answer(self, good: bool) -> web.Response:
        states = {one.name: one.state for one in self._lookup.all()}
        body = orjson.dumps({"status": "ok" if good else "unavailable", "topologies": states})
        return web.Response(body=body, status=200 if good else 503, content_type="application/json", charset="utf-8")
