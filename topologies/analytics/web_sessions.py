"""A web server's log: visits of each host, requests per status in 10 minutes and per host in one, totals per path.

Requests of a host that are at most 30 minutes apart are one visit.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import HOUR, MINUTE, Topology, session, stream, tumbling
from topologies.analytics.events import KEPT, REQUESTS, WebRequest


class Visit(Struct, frozen=True):
    """Requests, and the bytes they were answered with."""

    requests: int = 0
    bytes: int = 0


class Requests(Struct, frozen=True):
    """How many."""

    requests: int = 0


class Path(Struct, frozen=True):
    """Requests of a path, the bytes they were answered with, and how often there was nothing."""

    requests: int = 0
    bytes: int = 0
    responses_404: int = 0


def status(request: WebRequest) -> str:
    """The answer's status code."""
    return str(request.status)


def path(request: WebRequest) -> str:
    """What was asked for, up to the first question mark."""
    return request.url.partition("?")[0]


def lengthen(visit: Visit, request: WebRequest) -> Visit:
    """The visit with one more request."""
    return Visit(visit.requests + 1, visit.bytes + request.bytes)


def merge(visit: Visit, other: Visit) -> Visit:
    """One visit of two that a request has joined."""
    return Visit(visit.requests + other.requests, visit.bytes + other.bytes)


def count(requests: Requests, request: WebRequest) -> Requests:
    """One more."""
    return Requests(requests.requests + 1)


def add(total: Path, request: WebRequest) -> Path:
    """The path with one more request."""
    return Path(total.requests + 1, total.bytes + request.bytes, total.responses_404 + (request.status == 404))


requests = stream(REQUESTS)
by_host, by_status = requests.group_by_key(), requests.group_by(status, "by-status")
minutes, ten_minutes = tumbling(MINUTE, grace=HOUR), tumbling(10 * MINUTE, grace=HOUR)
visits = by_host.windowed_by(session(30 * MINUTE, grace=HOUR))

topology = Topology(
    "web-sessions",
    visits.aggregate(Visit, lengthen, "web-sessions", merger=merge, retention=KEPT),
    by_host.windowed_by(minutes).aggregate(Requests, count, "requests-per-minute", retention=KEPT),
    by_status.windowed_by(ten_minutes).aggregate(Requests, count, "status-per-10min", retention=KEPT),
    requests.group_by(path, "by-path").aggregate(Path, add, "path-totals"),
)
