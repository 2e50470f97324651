"""Fetching jars: pinned by sum, in parallel, resumed where they were cut, refused when they are damaged."""

from __future__ import annotations

import hashlib
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streamapp.errors import StreamappError
from streamapp.kafka.jars import Jar, cache_folder, fetch, maven_url, pinned, version

SIZE = 300_000


class Repository:
    """A server of files on loopback that can damage or cut them; remembers what was asked of it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.requests: list[tuple[str, str | None]] = []
        self.damaged: set[str] = set()
        self.cut_once: dict[str, int] = {}
        self.ranges = True
        self.url = ""

    @property
    def jars(self) -> list[Jar]:
        """The pins of the undamaged files."""
        return [Jar(path, len(body), _sum(body)) for path, body in self.files.items()]

    def asked(self) -> list[str]:
        """The names of the files that were asked for."""
        return [path.rpartition("/")[2] for path, _ in self.requests]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answers one GET as Maven Central would, or worse."""
        path = request.path.lstrip("/")
        asked = request.headers.get("Range")
        self.requests.append((path, asked))
        body = self.files.get(path)
        if body is None:
            request.send_error(404)
            return
        if path in self.damaged:
            body = bytes([body[0] ^ 1]) + body[1:]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        request.wfile.write(body[start : self.cut_once.pop(path, None)])


@contextmanager
def serving(repository: Repository) -> Iterator[Repository]:
    """Serves `repository` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        repository.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield repository
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def repository() -> Iterator[Repository]:
    """Three files, each with a path of its own."""
    chance = random.Random(7)
    names = ("one", "two", "three")
    with serving(Repository({f"org/{name}/1/{name}-1.jar": chance.randbytes(SIZE) for name in names})) as served:
        yield served


def test_missing_jars_are_fetched_and_kept(repository: Repository, tmp_path: Path) -> None:
    """The second time nothing is asked of the server, and nothing is reported."""
    seen: list[tuple[int, int]] = []
    paths = fetch(repository.jars, tmp_path, repository.url, lambda *counts: seen.append(counts))
    assert [path.read_bytes() for path in paths] == list(repository.files.values())
    assert seen[-1] == (3 * SIZE, 3 * SIZE)
    assert seen == sorted(seen)
    repository.requests.clear()
    seen.clear()
    assert fetch(repository.jars, tmp_path, repository.url, lambda *counts: seen.append(counts)) == paths
    assert (repository.requests, seen) == ([], [])


@pytest.mark.parametrize(
    "damage",
    [lambda body: b"x" + body[1:], lambda body: body[:-1], lambda body: b""],
    ids=["changed", "cut", "empty"],
)
def test_a_damaged_jar_in_the_cache_is_fetched_again(
    repository: Repository, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Only that one, and it is whole again."""
    paths = fetch(repository.jars, tmp_path, repository.url)
    repository.requests.clear()
    paths[1].write_bytes(damage(paths[1].read_bytes()))
    fetch(repository.jars, tmp_path, repository.url)
    assert repository.asked() == ["two-1.jar"]
    assert paths[1].read_bytes() == repository.files["org/two/1/two-1.jar"]


def test_a_jar_with_another_sum_is_refused(repository: Repository, tmp_path: Path) -> None:
    """One error names file, expected and actual sum, and remedy; nothing of the file stays."""
    jar = repository.jars[0]
    repository.damaged.add(jar.path)
    with pytest.raises(StreamappError) as caught:
        fetch(repository.jars, tmp_path, repository.url)
    text = str(caught.value)
    assert text.startswith(f"one-1.jar is damaged: expected SHA-256 {jar.sha256}, got ")
    assert len(set(re.findall(r"[0-9a-f]{64}", text))) == 2
    assert "STREAMAPP_MAVEN_URL" in text
    assert not list(tmp_path.glob("one-1.jar*"))
    repository.damaged.clear()
    fetch(repository.jars, tmp_path, repository.url)


def test_a_cut_connection_is_resumed_at_once(repository: Repository, tmp_path: Path) -> None:
    """The rest is asked for by a range, not the whole again."""
    jar = repository.jars[0]
    repository.cut_once[jar.path] = 100_000
    (path,) = fetch([jar], tmp_path, repository.url)
    assert repository.requests == [(jar.path, None), (jar.path, "bytes=100000-")]
    assert path.read_bytes() == repository.files[jar.path]


def test_a_partial_file_of_an_earlier_time_is_resumed(repository: Repository, tmp_path: Path) -> None:
    """What arrived before the process ended is not fetched again."""
    jar = repository.jars[0]
    (tmp_path / "one-1.jar.part").write_bytes(repository.files[jar.path][:200_000])
    seen: list[int] = []
    fetch([jar], tmp_path, repository.url, lambda have, _: seen.append(have))
    assert repository.requests == [(jar.path, "bytes=200000-")]
    assert seen[0] == 200_000
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("size", [200_000, SIZE, SIZE + 1])
def test_a_damaged_partial_file_is_thrown_away(repository: Repository, tmp_path: Path, size: int) -> None:
    """It costs one more download, not an error."""
    jar = repository.jars[0]
    (tmp_path / "one-1.jar.part").write_bytes(bytes(size))
    (path,) = fetch([jar], tmp_path, repository.url)
    assert repository.requests[-1] == (jar.path, None)
    assert path.read_bytes() == repository.files[jar.path]


def test_a_server_without_ranges_sends_the_whole_file(repository: Repository, tmp_path: Path) -> None:
    """A mirror that ignores the range does not spoil the file."""
    jar = repository.jars[0]
    repository.ranges = False
    (tmp_path / "one-1.jar.part").write_bytes(repository.files[jar.path][:200_000])
    (path,) = fetch([jar], tmp_path, repository.url)
    assert path.read_bytes() == repository.files[jar.path]


def test_a_missing_file_is_named_with_the_remedy(repository: Repository, tmp_path: Path) -> None:
    """A 404 is not tried again."""
    missing = Jar("org/four/1/four-1.jar", 1, "0" * 64)
    with pytest.raises(StreamappError, match=r"org/four/1/four-1\.jar cannot be fetched .*404.*STREAMAPP_MAVEN_URL"):
        fetch([missing], tmp_path, repository.url)
    assert repository.asked() == ["four-1.jar"]


def test_no_server_is_named_with_the_remedy(tmp_path: Path) -> None:
    """The address that was tried is in the one error, and what had arrived is kept."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        (tmp_path / "one-1.jar.part").write_bytes(b"so far")
        with pytest.raises(StreamappError, match=f"{url}/one-1.jar cannot be fetched"):
            fetch([Jar("one-1.jar", 10, "0" * 64)], tmp_path, url)
    assert (tmp_path / "one-1.jar.part").read_bytes() == b"so far"


def test_two_processes_fetch_once(repository: Repository, tmp_path: Path) -> None:
    """The second waits for the first and finds the files."""
    threads = [threading.Thread(target=fetch, args=(repository.jars, tmp_path, repository.url)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(repository.asked()) == ["one-1.jar", "three-1.jar", "two-1.jar"]


def test_the_pins_are_complete() -> None:
    """Every jar has a path of its own, a size and a whole sum; Kafka's are of one version."""
    jars = pinned()
    assert len({jar.name for jar in jars}) == len(jars)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size > 0 for jar in jars)
    kafka = [jar for jar in jars if jar.path.startswith("org/apache/kafka/")]
    assert all(jar.name.endswith(f"-{version()}.jar") for jar in kafka)
    assert {"slf4j-simple-1.7.36.jar", f"kafka_2.13-{version()}.jar"} <= {jar.name for jar in jars}
    assert sum(jar.size for jar in jars) < 60_000_000


def test_the_cache_and_the_source_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`XDG_CACHE_HOME` and `STREAMAPP_MAVEN_URL`, with public defaults."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("STREAMAPP_MAVEN_URL", "https://mirror.example/maven/")
    assert cache_folder() == tmp_path / "streamapp" / f"kafka-{version()}"
    assert maven_url() == "https://mirror.example/maven"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("STREAMAPP_MAVEN_URL")
    assert cache_folder() == Path.home() / ".cache" / "streamapp" / f"kafka-{version()}"
    assert maven_url() == "https://repo1.maven.org/maven2"


def _sum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
