"""All of the web view put together for one aiohttp application: pages, API, probes, files, errors, headers.

Works on any aiohttp server. Knows nothing of Faust.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
from aiohttp import web

from streamapp.errors import StreamappError
from streamapp.web.api import Api
from streamapp.web.assets import Assets
from streamapp.web.live import Streams
from streamapp.web.lookup import Lookup
from streamapp.web.openapi import openapi
from streamapp.web.pages import Pages
from streamapp.web.probes import Probes
from streamapp.web.problem import CONTENT_TYPE, Problem, of_error
from streamapp.web.runtime import Runtime
from streamapp.web.security import add_headers, check_host
from streamapp.web.templating import environment, package_version

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SAMPLE_SECONDS = 1.0


class Console:
    """The web view of a runtime; `add_to` an application that is not frozen yet.

    `local_only` is asked on each request: whether the server listens on loopback, and so answers only to
    the names of loopback.
    """

    def __init__(self, runtime: Runtime, local_only: Callable[[], bool] = lambda: False) -> None:
        self._lookup = Lookup(runtime)
        self._local_only = local_only
        self._streams = Streams()
        self._assets = Assets()
        self._pages = Pages(self._lookup, self._streams, environment(self._assets))
        self._openapi = orjson.dumps(openapi(package_version()))

    def add_to(self, app: web.Application) -> None:
        """Adds routes, error answers, headers and the sampling of rates to `app`."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app.middlewares.append(guard)
        app.on_response_prepare.append(add_headers)
        app.on_shutdown.append(self._streams.close)
        app.cleanup_ctx.append(self._sampling)
        app.router.add_routes(self.routes())

    def routes(self) -> list[web.RouteDef]:
        """Every path and its handler."""
        return [
            *self._pages.routes(),
            *Api(self._lookup, self._streams).routes(),
            *Probes(self._lookup).routes(),
            web.get("/openapi.json", self._get_openapi),
            web.get("/static/{name}", self._assets.get),
        ]

    async def _get_openapi(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._openapi, content_type="application/json", charset="utf-8")

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turns what is wrong into an answer that says so."""
        try:
            if self._local_only():
                check_host(request)
            return await handler(request)
        except Problem as problem:
            return self._answer(request, problem)
        except StreamappError as error:
            return self._answer(request, of_error(error))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self._answer(request, _problem_of(request, error), error.headers.getall("Allow", []))
        except ConnectionError:
            raise
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            return self._answer(request, Problem(500, "the server made a mistake; its log says which"))

    def _answer(self, request: web.Request, problem: Problem, allow: list[str] | None = None) -> web.Response:
        wants_page = not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")
        if wants_page:
            response = self._pages.problem(problem)
        else:
            body = orjson.dumps(problem.document(request.path))
            response = web.Response(body=body, status=problem.status, content_type=CONTENT_TYPE)
        for methods in allow or ():
            response.headers["Allow"] = methods
        return response

    async def _sampling(self, _app: web.Application) -> AsyncIterator[None]:
        """Takes a sample of the counts every second while the server runs."""
        sampler = asyncio.create_task(self._sample())
        yield
        sampler.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampler

    async def _sample(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            counts = {one.name: one.counters["records_in"] for one in self._lookup.all()}
            self._lookup.rates.observe(clock(), counts)
            await asyncio.sleep(_SAMPLE_SECONDS)


def console(runtime: Runtime) -> web.Application:
    """An aiohttp application of its own with the web view of `runtime`."""
    app = web.Application()
    Console(runtime).add_to(app)
    return app


def _problem_of(request: web.Request, error: web.HTTPException) -> Problem:
    if error.status == 404:
        return Problem(404, f"there is nothing at {request.path}: /openapi.json lists what there is")
    if error.status == 405:
        return Problem(405, f"{request.method} is not possible here: everything is read-only")
    return Problem(error.status, error.reason)
