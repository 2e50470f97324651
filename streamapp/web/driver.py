"""Faust's web server with our pages on it.

A subclass of Faust's aiohttp driver, put in its place through the App's public `web`. Faust's own index and
its `/table` pages give way to ours; `/router` stays, so do `/graph` and `/assignment` when they are switched
on, and an author's `@app.page` views. Knows nothing of what the pages show.
"""

from __future__ import annotations

from typing import Any

import faust
from faust.web.drivers.aiohttp import Web

from streamapp.web.console import Console
from streamapp.web.runtime import Runtime
from streamapp.web.security import is_loopback


class ConsoleWeb(Web):
    """Faust's web server; our routes come first."""

    default_blueprints = tuple(one for one in Web.default_blueprints if one[0] != "/table")
    production_blueprints = ()

    def __init__(self, app: faust.App, runtime: Runtime) -> None:
        super().__init__(app)
        Console(runtime, local_only=lambda: is_loopback(app.conf.web_bind)).add_to(self.web_app)


def mount(app: faust.App, runtime: Runtime) -> None:
    """Puts the pages of `runtime` on the App's web server; call once, before the server starts.

    Waits until the App is configured, for the driver reads its settings.
    """

    def install(*_: Any, **__: Any) -> None:
        app.web = ConsoleWeb(app, runtime)

    if app.configured:
        install()
    else:
        app.on_after_configured.connect(install, weak=False)
