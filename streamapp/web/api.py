"""The HTTP API under `/api/v1`: topologies, tables and their rows as JSON, and as streams of events.

Knows nothing of HTML.
"""

from __future__ import annotations

import orjson
from aiohttp import web

from streamapp.web.live import Streams, changed, on_version
from streamapp.web.lookup import Lookup
from streamapp.web.problem import Problem
from streamapp.web.query import parse
from streamapp.web.rows import document

PREFIX = "/api/v1"
STATUS_SECONDS = 1.0
"""How often a stream looks at counters."""
ROWS_SECONDS = 0.25
"""How often a stream looks whether a table has changed."""


class Api:
    """The handlers; one for each path."""

    def __init__(self, lookup: Lookup, streams: Streams) -> None:
        self._lookup = lookup
        self._streams = streams

    def routes(self) -> list[web.RouteDef]:
        """Path and handler."""
        topology = PREFIX + "/topologies/{topology}"
        return [
            web.get(PREFIX + "/topologies", self.topologies),
            web.get(PREFIX + "/topologies/stream", self.topologies_stream),
            web.get(topology, self.topology),
            web.get(topology + "/stream", self.topology_stream),
            web.get(topology + "/tables/{table}", self.rows),
            web.get(topology + "/tables/{table}/stream", self.rows_stream),
        ]

    async def _topologies(self) -> bytes:
        return orjson.dumps({"items": [one.document() for one in self._lookup.all()]})

    async def topologies(self, _request: web.Request) -> web.Response:
        """All topologies."""
        return _json(await self._topologies())

    async def topologies_stream(self, request: web.Request) -> web.StreamResponse:
        """The same whenever something has changed, as events `topologies`."""
        return await self._streams.serve(request, "topologies", changed(self._topologies), STATUS_SECONDS)

    async def topology(self, request: web.Request) -> web.Response:
        """One topology."""
        return _json(orjson.dumps(self._lookup.topology(request).document()))

    async def topology_stream(self, request: web.Request) -> web.StreamResponse:
        """The same whenever something has changed, as events `topology`."""
        self._lookup.plan(request)

        async def make() -> bytes:
            return orjson.dumps(self._lookup.topology(request).document())

        return await self._streams.serve(request, "topology", changed(make), STATUS_SECONDS)

    async def rows(self, request: web.Request) -> web.Response:
        """A page of a table's rows."""
        return _json(await self._page(request))

    async def rows_stream(self, request: web.Request) -> web.StreamResponse:
        """The first page, fresh after each commit that changed the table, as events `rows`."""
        if request.query.get("cursor"):
            raise Problem(400, "a stream sends the first rows again and again: leave out cursor")
        parse(request.query, self._lookup.table(request))
        application, name = self._lookup.application(request), request.match_info["table"]
        look = on_version(lambda: application.version(name), lambda: self._page(request))
        return await self._streams.serve(request, "rows", look, ROWS_SECONDS)

    async def _page(self, request: web.Request) -> bytes:
        query = parse(request.query, self._lookup.table(request))
        return orjson.dumps(document(await self._lookup.read(request, query)))


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", charset="utf-8")
