"""Rows of the projections, asked of all workers that may have them. Knows nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import ClientSession

WORKERS = "http://127.0.0.1:6066"
"""Where the workers' pages are, comma-separated, unless `SHOP_WORKERS` says otherwise."""

ANSWER_SECONDS = 2.0


class NotReadableError(Exception):
    """Some rows are nowhere to be had at the moment; the text says why."""


class Projections:
    """The tables of the workers, over HTTP."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        addresses = os.environ.get("SHOP_WORKERS") or WORKERS
        self._workers = [address.strip().rstrip("/") for address in addresses.split(",")]

    async def rows(self, topology: str, table: str, **search: str) -> list[Any]:
        """The values of the rows that a search (`key=`, `prefix=`) finds, whichever worker has them.

        Raises `NotReadableError` when there is a task that none of the workers has.
        """
        found: list[Any] = []
        missing: list[set[str]] = []
        reasons: list[str] = []
        for worker in self._workers:
            try:
                items, elsewhere = await self._of(f"{worker}/api/v1/topologies/{topology}/tables/{table}", search)
            except NotReadableError as error:
                reasons.append(str(error))
                continue
            found += items
            missing.append(elsewhere)
        if not missing or set.intersection(*missing):
            gone = ", ".join(sorted(set.intersection(*missing))) if missing else "any task"
            raise NotReadableError(
                "; ".join([f"no worker has {gone} of topology {topology!r}", *reasons])
                + ": start one with 'streamapp worker', or name all of them in SHOP_WORKERS"
            )
        return found

    async def _of(self, url: str, search: dict[str, str]) -> tuple[list[Any], set[str]]:
        items: list[Any] = []
        query, elsewhere = dict(search), set[str]()
        while True:
            page = await self._page(url, query)
            items += [row["value"] for row in page["items"]]
            elsewhere |= set(page["incomplete"])
            if page["next"] is None:
                return items, elsewhere
            query["cursor"] = page["next"]

    async def _page(self, url: str, query: dict[str, str]) -> Any:
        from aiohttp import ClientTimeout  # late: every command imports what is registered

        with unreadable(url):
            limit = ClientTimeout(total=ANSWER_SECONDS)
            async with self._session.get(url, params=query, timeout=limit) as response:
                if response.status != 200:
                    raise NotReadableError(f"{url} answers {response.status}: {await response.text()}")
                return await response.json()


@contextmanager
def unreadable(url: str) -> Iterator[None]:
    """Says of a worker that does not answer that its rows are not to be had."""
    from aiohttp import ClientError  # late, as above

    try:
        yield
    except (ClientError, TimeoutError) as error:
        raise NotReadableError(f"{url} does not answer: {error!r}") from error
