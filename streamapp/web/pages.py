"""The pages people look at, and the same parts of them again as events when something has changed.

Knows nothing of JSON.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment
from markupsafe import Markup

from streamapp import describe
from streamapp.web.api import ROWS_SECONDS, STATUS_SECONDS
from streamapp.web.diagram import draw
from streamapp.web.live import Streams, changed, on_version
from streamapp.web.lookup import Lookup
from streamapp.web.problem import Problem
from streamapp.web.query import Query, parse
from streamapp.web.rows import document, grid

_EXACT = "exact"
"""A parameter of the page's form only: the text is a whole key."""


class Pages:
    """The handlers; one for each page, and one for its stream."""

    def __init__(self, lookup: Lookup, streams: Streams, templates: Environment) -> None:
        self._lookup = lookup
        self._streams = streams
        self._templates = templates
        self._diagrams: dict[str, Markup] = {}

    def routes(self) -> list[web.RouteDef]:
        """Path and handler."""
        topology = "/topologies/{topology}"
        return [
            web.get("/", self.overview),
            web.get("/stream", self.overview_stream),
            web.get(topology, self.topology),
            web.get(topology + "/stream", self.topology_stream),
            web.get(topology + "/tables/{table}", self.table),
            web.get(topology + "/tables/{table}/stream", self.table_stream),
        ]

    async def overview(self, _request: web.Request) -> web.Response:
        """All topologies."""
        return self._page("overview.html", topologies=self._lookup.all())

    async def overview_stream(self, request: web.Request) -> web.StreamResponse:
        """The overview's live part."""

        async def make() -> bytes:
            return self._part("overview_live.html", topologies=self._lookup.all())

        return await self._streams.serve(request, "part", changed(make), STATUS_SECONDS)

    async def topology(self, request: web.Request) -> web.Response:
        """One topology."""
        plan, name = self._lookup.plan(request), request.match_info["topology"]
        if name not in self._diagrams:
            self._diagrams[name] = draw(plan, self._templates)
        return self._page(
            "topology.html",
            topology=self._lookup.topology(request),
            diagram=self._diagrams[name],
            description=describe(plan.topology),
        )

    async def topology_stream(self, request: web.Request) -> web.StreamResponse:
        """The live part of a topology's page."""
        self._lookup.plan(request)

        async def make() -> bytes:
            return self._part("topology_live.html", topology=self._lookup.topology(request))

        return await self._streams.serve(request, "part", changed(make), STATUS_SECONDS)

    async def table(self, request: web.Request) -> web.Response:
        """A table's rows; while its topology starts, why there are none."""
        query = self._query(request)
        return self._page("table.html", **await self._rows(request, query))

    async def table_stream(self, request: web.Request) -> web.StreamResponse:
        """The first rows of a table, after each commit that changed it."""
        query, topology, name = (
            self._query(request),
            request.match_info["topology"],
            request.match_info["table"],
        )

        def version() -> object:
            application = self._lookup.runtime.applications.get(topology)
            if application is None:
                return None
            return application.state, bool(application.tasks), application.version(name)

        async def make() -> bytes:
            return self._part("table_live.html", **await self._rows(request, query))

        look = on_version(version, make)
        return await self._streams.serve(request, "part", look, ROWS_SECONDS)

    def _query(self, request: web.Request) -> Query:
        """The form's fields: with `exact` the prefix is a whole key."""
        given = dict(request.query)
        if given.pop(_EXACT, None) and given.get("prefix"):
            given["key"] = given.pop("prefix")
        return parse(given, self._lookup.table(request))

    async def _rows(self, request: web.Request, query: Query) -> dict[str, Any]:
        """What the table's templates show."""
        topology, table = self._lookup.topology(request), self._lookup.table(request)
        shown: dict[str, Any] = {
            "topology": topology,
            "table": table,
            "query": query,
            "next": None,
            "why": None,
        }
        try:
            page = document(await self._lookup.read(request, query))
        except Problem as problem:
            if problem.status != 503:
                raise
            return shown | {
                "grid": None,
                "why": problem.detail,
                "incomplete": [],
                "addresses": _Addresses(request),
            }
        return shown | {
            "grid": grid(page["items"], windowed=table.windowed),
            "incomplete": page["incomplete"],
            "next": page["next"],
            "addresses": _Addresses(request),
        }

    def _page(self, template: str, **values: Any) -> web.Response:
        return web.Response(text=self._templates.get_template(template).render(values), content_type="text/html")

    def _part(self, template: str, **values: Any) -> bytes:
        return self._templates.get_template(template).render(values).encode()

    def problem(self, problem: Problem) -> web.Response:
        """What is wrong, as a page."""
        response = self._page("problem.html", problem=problem, topologies=list(self._lookup.runtime.plans))
        response.set_status(problem.status)
        return response


class _Addresses:
    """Addresses of the page around a request: the same search, other rows."""

    def __init__(self, request: web.Request) -> None:
        path = request.path.removesuffix("/stream")
        search = {name: value for name, value in request.query.items() if value and name != "cursor"}
        self._search = search
        self._path = path
        api = {name: value for name, value in search.items() if name != _EXACT}
        if _EXACT in search and "prefix" in api:
            api["key"] = api.pop("prefix")
        self.first = _address(path, search)
        self.stream = _address(f"{path}/stream", search)
        self.json = _address(f"/api/v1{path}", api)
        self.clear = path

    def after(self, cursor: str) -> str:
        """The rows behind these."""
        return _address(self._path, self._search | {"cursor": cursor})


def _address(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
