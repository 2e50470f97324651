"""Who may import whom: the arrows between the packages, read from the sources."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "suggestion": set(),
    "topic_config": set(),
    "parent": set(),
    "dsl": {"errors", "topic_config"},
    "engine": {"dsl", "errors"},
    "formats": {"dsl", "errors"},
    "state": {"dsl", "engine", "errors", "formats"},
    "kafka": {"errors"},
    "setting_values": {"errors", "suggestion", "topic_config"},
    "settings": {"errors", "kafka", "setting_values", "suggestion"},
    "service": {"dsl", "errors", "formats"},
    "registry": {"dsl", "errors", "service", "settings", "suggestion"},
    "worker": {"dsl", "engine", "errors", "formats", "kafka", "settings", "state"},
    "replay": {"dsl", "engine", "errors", "formats", "state"},
    "testing": {"dsl", "engine", "errors", "formats", "kafka", "state"},
    "testing.simulator": {"dsl", "engine", "errors", "formats", "kafka", "settings", "state", "testing", "worker"},
    "web": {"", "errors", "worker"},
    "app": {"dsl", "errors", "parent", "registry", "settings", "web", "worker"},
    "__main__": {"cli"},
    "topologies": {""},
    "": {"app", "dsl", "errors", "formats", "service", "worker"},
}
"""What each package or module of streamapp may import of it; "" is the root. `cli` may import all.

`testing` may use `kafka` to make topics, write inputs and read results of a worker that it runs as a process of its
own, as an author's test would; it may not import the worker, whose inside no result may depend on. The simulator
alone drives the worker's own code.
"""

LIBRARIES = {
    "faust": {"app", "cli", "web", "worker"},
    "mode": {"app", "cli", "web", "worker"},
    "aiokafka": {"kafka"},
    "rocksdict": {"state"},
}
"""Who may import a library that others must not know of."""

NEVER_ON_IMPORT = ("faust", "mode", "aiokafka", "rocksdict", "aiohttp", "click")
"""What `import streamapp` must not load."""


def room_of(path: str) -> str:
    """The package or module at the top of streamapp that a file belongs to; "" for the root."""
    first, *rest = Path(path).with_suffix("").parts
    if first != "streamapp":
        return first
    if rest[:2] == ["testing", "simulator"]:
        return "testing.simulator"
    return "" if rest == ["__init__"] else rest[0]


def imported(source: str) -> Iterator[tuple[int, str]]:
    """The line and dotted name of everything a file imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def refused(path: str, source: str, rooms: set[str]) -> list[str]:
    """What a file imports and may not."""
    room = room_of(path)
    allowed = rooms if room == "cli" else ARROWS[room] | {room}
    wrong = []
    for line, name in imported(source):
        first, *rest = name.split(".")
        if first == "streamapp":
            target = rest[0] if rest and rest[0] in rooms else ""
            bad = target not in allowed
        else:
            bad = first == "" or room not in LIBRARIES.get(first, {room})
        if bad:
            wrong.append(f"{path}:{line}: {room or 'streamapp'} may not import {name}")
    return wrong


def sources() -> dict[str, str]:
    """Every file of the project that is shipped, by its path."""
    files = [path for package in ("streamapp", "topologies") for path in (ROOT / package).rglob("*.py")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


def test_every_import_follows_an_arrow() -> None:
    """No package knows more than it may."""
    files = sources()
    rooms = {room_of(path) for path in files}
    assert rooms - set(ARROWS) == {"cli"}, "a new package needs its arrows"
    assert [line for path, source in files.items() for line in refused(path, source, rooms)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("streamapp/engine/task.py", "import aiokafka"),
        ("streamapp/engine/task.py", "from aiokafka.consumer import fetcher"),
        ("streamapp/engine/task.py", "from streamapp.formats import codec_for"),
        ("streamapp/engine/task.py", "from streamapp import formats"),
        ("streamapp/engine/task.py", "import streamapp.state.rocks as rocks"),
        ("streamapp/engine/task.py", "from streamapp import Topic"),
        ("streamapp/engine/task.py", "from . import store"),
        ("streamapp/dsl/topic.py", "def late():\n    from streamapp.engine.plan import plan"),
        ("streamapp/formats/json.py", "from streamapp.state import TaskState"),
        ("streamapp/state/rocks.py", "import faust"),
        ("streamapp/kafka/consumer.py", "from streamapp.settings import Settings"),
        ("streamapp/worker/shell.py", "from streamapp.web import mount"),
        ("streamapp/testing/driver.py", "import mode.utils"),
        ("streamapp/errors.py", "from streamapp.dsl.topic import Topic"),
        ("topologies/billing.py", "from streamapp.dsl.topic import Topic"),
        ("topologies/billing.py", "import faust"),
    ],
)
def test_a_planted_import_is_refused(path: str, source: str) -> None:
    """The test above would fail, and name the file and line."""
    rooms = {*ARROWS, "cli"}
    (wrong,) = refused(path, source, rooms)
    assert wrong.startswith(f"{path}:{len(source.splitlines())}: ")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("streamapp/engine/task.py", "import asyncio\nfrom streamapp.engine.store import Store"),
        ("streamapp/cli/table.py", "import faust\nfrom streamapp import kafka"),
        ("streamapp/__init__.py", "from streamapp.dsl.topic import Topic"),
        ("topologies/billing.py", "from streamapp import Topology\nfrom topologies.events import ORDERS"),
    ],
)
def test_what_is_allowed_is_not_refused(path: str, source: str) -> None:
    """The rules are no stricter than they say."""
    assert refused(path, source, {*ARROWS, "cli"}) == []


def test_importing_streamapp_is_light() -> None:
    """An author's topology, and every command's first breath, loads no worker and no client."""
    program = f"import sys, streamapp; print([name for name in {NEVER_ON_IMPORT} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
