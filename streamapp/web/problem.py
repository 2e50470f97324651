"""What is wrong with a request, as a value that becomes problem details (RFC 9457) or a page.

Knows nothing of where it is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from streamapp.errors import NotFoundError, StreamappError, UsageError

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the RFC's word
    """A request that cannot be answered: the HTTP status, and a sentence naming the thing and the remedy."""

    def __init__(self, status: int, detail: str, *, existing: Iterable[str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.existing = None if existing is None else list(existing)

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def document(self, path: str) -> dict[str, Any]:
        """As JSON; `existing` lists what there is instead of what was named."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
        }
        if self.existing is not None:
            document["existing"] = self.existing
        return document


def missing(sentence: str, existing: Iterable[str]) -> Problem:
    """What was named does not exist (404); `sentence` says so, and what exists is added."""
    known = list(existing)
    return Problem(404, f"{sentence}; known: {', '.join(known) or 'none'}", existing=known)


def of_error(error: StreamappError) -> Problem:
    """An error of the worker as an answer."""
    if isinstance(error, UsageError):
        return Problem(400, str(error))
    if isinstance(error, NotFoundError):
        return Problem(404, str(error))
    return Problem(503, str(error))
