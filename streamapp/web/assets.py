"""The stylesheet, the script and the icon: read once from the package, cached by browsers by their content.

Knows nothing of the pages that use them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

from streamapp.web.problem import missing

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `tag` changes with its content."""

    name: str
    body: bytes
    content_type: str
    tag: str


class Assets:
    """The files of `streamapp/web/static`."""

    def __init__(self) -> None:
        self._assets = {
            entry.name: _read(entry.name, entry.read_bytes())
            for entry in files("streamapp.web").joinpath("static").iterdir()
            if entry.is_file()
        }

    def url(self, name: str) -> str:
        """Where a page finds the file: another address for other content."""
        return f"/static/{name}?v={self._assets[name].tag}"

    async def get(self, request: web.Request) -> web.Response:
        """Answers `/static/{name}`."""
        name = request.match_info["name"]
        asset = self._assets.get(name)
        if asset is None:
            raise missing(f"no file {name!r} is served", self._assets)
        lasting = request.query.get("v") == asset.tag
        headers = {
            "ETag": f'"{asset.tag}"',
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)


def _read(name: str, body: bytes) -> Asset:
    suffix = name[name.rfind(".") :]
    tag = hashlib.blake2s(body, digest_size=8).hexdigest()
    return Asset(name, body, TYPES.get(suffix, "application/octet-stream"), tag)
