"""The jars of Apache Kafka's broker: pinned by SHA-256 in `jars.json`, kept in the user's cache folder.

They are what kafka_2.13 needs at run time, without what only its tools, OAuth and Scala's compiler need, and
slf4j-simple, without which its logs are lost. Knows nothing of how they are run.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from streamapp.kafka.download import Download

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
CONNECTIONS = 6

OnBytes = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of all that is fetched, from one thread at a time."""


def silent(_have: int, _total: int) -> None:
    """Shows nothing."""


@dataclass(frozen=True, slots=True)
class Jar:
    """A file of Maven Central: its path there, its size in bytes, its SHA-256 sum in hexadecimal."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its name in the cache folder."""
        return self.path.rpartition("/")[2]


def pinned() -> tuple[Jar, ...]:
    """The jars of `version()`."""
    return tuple(Jar(**row) for row in _pins()["jars"])


def version() -> str:
    """The version of Apache Kafka."""
    return str(_pins()["version"])


def cache_folder() -> Path:
    """Where the jars are kept: under `XDG_CACHE_HOME`, by default `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "streamapp" / f"kafka-{version()}"


def maven_url() -> str:
    """Where they come from: `STREAMAPP_MAVEN_URL`, by default Maven Central."""
    return (os.environ.get("STREAMAPP_MAVEN_URL") or MAVEN_CENTRAL).rstrip("/")


def fetch(
    jars: Sequence[Jar] | None = None,
    folder: Path | None = None,
    url: str | None = None,
    on_bytes: OnBytes = silent,
) -> list[Path]:
    """The paths of the jars, after those that are missing or damaged were fetched; None: the defaults.

    Blocks while another process fetches into the same folder. `on_bytes` is called only when one is missing.
    Raises `StreamappError` naming the file when one cannot be fetched or is damaged again.
    """
    jars = pinned() if jars is None else jars
    folder = folder or cache_folder()
    base = url or maven_url()
    wanted = [Download(f"{base}/{jar.path}", folder / jar.name, jar.size, jar.sha256) for jar in jars]
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder), ThreadPoolExecutor(CONNECTIONS) as pool:
        missing = [one for one, done in zip(wanted, pool.map(Download.done, wanted), strict=True) if not done]
        if missing:
            _fetch_all(pool, missing, on_bytes)
    return [one.target for one in wanted]


def _fetch_all(pool: ThreadPoolExecutor, missing: Sequence[Download], on_bytes: OnBytes) -> None:
    total = sum(one.size for one in missing)
    lock = threading.Lock()
    have = 0

    def add(count: int) -> None:
        nonlocal have
        with lock:
            have += count
            on_bytes(have, total)

    pending = [pool.submit(one.fetch, add) for one in missing]
    try:
        for one in pending:
            one.result()
    finally:
        for one in pending:
            one.cancel()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pins() -> dict[str, Any]:
    pins: dict[str, Any] = json.loads(files("streamapp.kafka").joinpath("jars.json").read_text(encoding="utf-8"))
    return pins
