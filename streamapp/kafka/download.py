"""One file over HTTPS, resumed where it was cut and refused when it is not the file that was meant.

Honours the proxy variables and, for private certificate authorities, SSL_CERT_FILE and REQUESTS_CA_BUNDLE.
Knows nothing of jars or of Kafka.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamapp.errors import StreamappError

ATTEMPTS = 4
BLOCK = 256 * 1024
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as dead."""

Progress = Callable[[int], None]
"""Called with the number of bytes that were added; negative when they are thrown away."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file, where it is, and by what it is known."""

    url: str
    target: Path
    size: int
    sha256: str

    @property
    def partial(self) -> Path:
        """Holds what has arrived so far."""
        return self.target.with_name(self.target.name + ".part")

    def done(self) -> bool:
        """Whether the whole, undamaged file is in place."""
        return (
            self.target.is_file() and self.target.stat().st_size == self.size and self._sum(self.target) == self.sha256
        )

    def fetch(self, progress: Progress) -> None:
        """Blocks until the file is in place; a partial one is continued.

        Raises `StreamappError` when the server cannot be reached, which keeps what has arrived, or when
        its file has another SHA-256 sum, which keeps nothing.
        """
        resumed = self._size()
        if resumed > self.size:
            self.partial.unlink()
            resumed = 0
        progress(resumed)
        self._receive(progress)
        if resumed and self._sum(self.partial) != self.sha256:
            self._discard(progress)  # the part from an earlier time may be the damaged one
            self._receive(progress)
        actual = self._sum(self.partial)
        if actual != self.sha256:
            self._discard(progress)
            raise StreamappError(
                f"{self.target.name} is damaged: expected SHA-256 {self.sha256}, got {actual} "
                f"from {self.url}. Try again; if it stays so, it is not the original: "
                "check STREAMAPP_MAVEN_URL and your proxy"
            )
        self.partial.replace(self.target)

    def _receive(self, progress: Progress) -> None:
        for attempt in range(ATTEMPTS):
            if self._size() == self.size:
                return
            try:
                self._append(progress)
            except (OSError, http.client.HTTPException) as error:
                if attempt == ATTEMPTS - 1 or _final(error):
                    raise StreamappError(
                        f"{self.url} cannot be fetched ({_reason(error)}). Check the network, or set "
                        "STREAMAPP_MAVEN_URL to a mirror of Maven Central; what has arrived is kept"
                    ) from error
                time.sleep(0.25 * 2**attempt)
        if self._size() != self.size:
            raise StreamappError(
                f"{self.url} ended after {self._size()} of {self.size} bytes, {ATTEMPTS} times. "
                "Try again, or set STREAMAPP_MAVEN_URL to a mirror of Maven Central; what has arrived is kept"
            )

    def _append(self, progress: Progress) -> None:
        have = self._size()
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - the address is a setting, its file is checked by sum
        with _opener().open(request, timeout=TIMEOUT) as response:
            if have and response.status != http.HTTPStatus.PARTIAL_CONTENT:
                self._discard(progress)
                have = 0
            with self.partial.open("ab") as file:
                while have < self.size and (block := response.read(min(BLOCK, self.size - have))):
                    file.write(block)
                    have += len(block)
                    progress(len(block))

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.is_file() else 0

    def _discard(self, progress: Progress) -> None:
        progress(-self._size())
        self.partial.unlink(missing_ok=True)

    @staticmethod
    def _sum(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _opener() -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if bundle := os.environ.get("REQUESTS_CA_BUNDLE"):
        context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def _final(error: Exception) -> bool:
    """Whether the answer would be the same a second later."""
    return isinstance(error, urllib.error.HTTPError) and error.code in {401, 403, 404, 410}


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    return str(error.reason if isinstance(error, urllib.error.URLError) else error) or type(error).__name__
