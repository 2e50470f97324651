"""The files pages use: cached as long as they stay the same, and nothing beside them."""

from __future__ import annotations

import pytest

from tests.unit.web.conftest import Client, page
from tests.unit.web.markup import parse


async def test_files_are_cached_by_their_content(client: Client) -> None:
    """For ever under the address a page names, else asked for again; unchanged ones are not sent twice."""
    document = parse(await page(client, "/"))
    addresses = [link.attributes["href"] for link in document.all("link")]
    addresses += [script.attributes["src"] for script in document.all("script")]
    types = {}
    for address in addresses:
        assert address is not None
        async with client.get(address) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            types[address.partition("?")[0]] = answer.headers["Content-Type"]
            tag = answer.headers["ETag"]
        async with client.get(address.partition("?")[0], headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["Cache-Control"] == "no-cache"
    assert types == {
        "/static/icon.svg": "image/svg+xml; charset=utf-8",
        "/static/console.css": "text/css; charset=utf-8",
        "/static/console.js": "text/javascript; charset=utf-8",
    }


@pytest.mark.parametrize("name", ["none.css", "..%2F__init__.py", "..%2Fstatic%2Fconsole.js", "%00"])
async def test_nothing_else_is_served(client: Client, name: str) -> None:
    """Names are looked up in a list, not on the disk."""
    async with client.get(f"/static/{name}") as answer:
        assert answer.status == 404
