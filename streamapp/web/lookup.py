"""Finds what a request names: a topology, a table, its rows; says what exists when it is not there.

Knows nothing of JSON or HTML.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from streamapp.web.problem import Problem, missing
from streamapp.web.query import Query
from streamapp.web.rates import Rates
from streamapp.web.runtime import Application, Page, Plan, Row, Runtime
from streamapp.web.status import Status, TableStatus, status, statuses, table_of


class Lookup:
    """The topologies of a runtime and their rates."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.rates = Rates()

    def all(self) -> list[Status]:
        """Every topology."""
        return statuses(self.runtime, self.rates)

    def plan(self, request: web.Request) -> Plan:
        """The plan of `{topology}`; raises `Problem` (404)."""
        name = request.match_info["topology"]
        if name not in self.runtime.plans:
            raise missing(f"there is no topology {name!r} in this worker", self.runtime.plans)
        return self.runtime.plans[name]

    def topology(self, request: web.Request) -> Status:
        """The condition of `{topology}`."""
        self.plan(request)
        return status(self.runtime, request.match_info["topology"], self.rates)

    def table(self, request: web.Request) -> TableStatus:
        """The `{table}` of `{topology}`; raises `Problem` (404)."""
        plan, name = self.plan(request), request.match_info["table"]
        found = table_of(plan, name)
        if found is None:
            topology = request.match_info["topology"]
            hidden = any(store.name == name for store in plan.stores)
            what = (
                f"{name!r} is what a step of topology {topology!r} keeps for itself, not a table"
                if hidden
                else f"topology {topology!r} has no table {name!r}"
            )
            raise missing(what, (one.name for one in plan.tables))
        return found

    def application(self, request: web.Request) -> Application:
        """The running `{topology}`; raises `Problem` (503) while there are no tables to read."""
        self.plan(request)
        name = request.match_info["topology"]
        application = self.runtime.applications.get(name)
        if application is None or not application.tasks:
            state = "starting" if application is None else application.state
            raise Problem(503, f"topology {name!r} is {state} and has no tasks here: its tables cannot be read now")
        return application

    async def read(self, request: web.Request, query: Query) -> Page:
        """The rows of `{table}` that `query` asks for, as many as fit on its page.

        Gives way to other work between two reads. Raises `Problem` (503) when the tasks leave meanwhile.
        """
        table, items = request.match_info["table"], list[Row]()
        while True:
            page = self.application(request).read(table, **query.arguments)
            items += page.items
            wanted = query.limit - len(page.items)
            if page.next is None or wanted <= 0:
                return Rows(items, page.next, page.incomplete)
            query = replace(query, limit=wanted, cursor=page.next)
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Rows:
    """A page put together from several reads (`streamapp.web.runtime.Page`)."""

    items: Sequence[Row]
    next: str | None
    incomplete: Sequence[str]
