"""Takes what visitors do over HTTP and puts it on its topic: `POST /activity`.

Answers 202 once the event is in Kafka, with its position. Knows nothing of visits or pages; `activity` makes those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from streamapp import Publisher, Service, StreamappError
from topologies.events import ACTIVITY, Activity
from topologies.services.checkout import Name, RefusedError, correlation_id, decoded
from topologies.services.responses import respond

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, Response


class Action(Struct, frozen=True):
    """The body of `POST /activity`."""

    user_id: Name
    action: Name
    page: Name


def build(publisher: Publisher) -> Application:
    """Takes what visitors do: POST /activity."""
    from aiohttp import web  # late: every command imports this module, and only one needs it

    async def track(request: Request) -> Response:
        try:
            body = decoded(await request.read(), Action)
            event = Activity(body.user_id, body.action, body.page)
            correlation = correlation_id(request.headers)
            _, place = await publisher.publish(ACTIVITY, event.user_id, event, correlation_id=correlation)
        except RefusedError as refused:
            return respond(refused.status, refused.body)
        except StreamappError as error:
            return respond(503, {"error": str(error)})
        return respond(202, {"position": place._asdict()})

    application = web.Application()
    application.router.add_post("/activity", track)
    return application


service = Service("tracker", build, "Take what visitors do: POST /activity.")
