"""What every answer says to the browser about what it may do with it, and which host names are ours.

Pages use nothing from elsewhere and cannot be framed; a loopback server answers loopback names only, so that
a web site whose name was pointed at 127.0.0.1 (DNS rebinding) cannot read it. Knows nothing of the pages.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from streamapp.web.problem import Problem

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def add_headers(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Sets the headers of every answer, streams included."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


def is_loopback(host: str | None) -> bool:
    """Whether `host`, a name or address without a port, is this machine itself."""
    if host is None:
        return False
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_host(request: web.BaseRequest) -> None:
    """Raises `Problem` (421) when a request to a loopback server names another host."""
    host = request.headers.get("Host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if not is_loopback(name):
        raise Problem(421, f"this server answers on this machine only, not as {host!r}: use 127.0.0.1 or localhost")
