"""The web view: pages, live updates and the HTTP API of the topologies that run here.

`mount` puts it on a Faust App's server; `console` is the same as an aiohttp application of its own.
"""

from __future__ import annotations

from streamapp.web.console import Console, console
from streamapp.web.driver import mount

__all__ = ["Console", "console", "mount"]
