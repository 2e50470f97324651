"""Responses of the services: JSON; what cannot be answered now says when to ask again. Knows nothing of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.web import Response

_LATER = frozenset({503, 504})


def respond(status: int, body: Any) -> Response:
    """Gives the response with a body as JSON; 503 and 504 with `Retry-After`, in seconds."""
    from aiohttp import web  # late: every command imports what is registered, and few need it

    return web.json_response(body, status=status, headers={"Retry-After": "1"} if status in _LATER else None)
