"""The embedded broker as its users meet it: commands, data that stays, errors that say what to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streamapp.errors import ConfigurationError, StreamappError
from streamapp.kafka.broker import default_folder, running, running_bootstrap
from streamapp.kafka.broker.process import Process
from streamapp.kafka.broker.server import Broker
from streamapp.kafka.broker.status import last

COMPRESSIONS = (None, "gzip", "snappy", "lz4", "zstd")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Broker]:
    """A broker of its own that does not run yet."""
    made = Broker(tmp_path / "data")
    yield made
    made.stop()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A folder to type commands in; whatever broker was started there is stopped at the end."""
    made = Shell(tmp_path)
    yield made
    while made.run("broker", "stop").returncode == 0:
        pass


class Shell:
    """Runs `streamapp` as a shell's `$(…)` does: until its standard output is closed by all that hold it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the command printed and its exit code."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMAPP_")}
        return subprocess.run(
            [sys.executable, "-m", "streamapp", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def status(self, *arguments: str) -> tuple[int, dict[str, object]]:
        """The exit code and answer of `broker status --json`."""
        done = self.run("broker", "status", "--json", *arguments)
        return done.returncode, json.loads(done.stdout)


async def write(bootstrap: str, topic: str, values: list[bytes], replicas: int = 1) -> None:
    """Makes `topic` and writes a record in a transaction per value, each compressed in another way."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, replicas)])
    await admin.close()
    for value, compression in zip(values, COMPRESSIONS, strict=True):
        client = AIOKafkaProducer(
            bootstrap_servers=bootstrap, compression_type=compression, transactional_id=f"{topic}-writer"
        )
        async with client as producer, producer.transaction():
            await producer.send_and_wait(topic, value * 1000)


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values of a topic, each without its repetitions."""
    client = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with client as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value[:3] for _ in range(count)]


async def test_what_is_written_outlives_a_restart(server: Broker) -> None:
    """Topics, committed transactions and every compression are there after a stop, at the same address."""
    values = [b"one", b"two", b"thr", b"fou", b"fiv"]
    bootstrap = server.start().bootstrap_servers
    await write(bootstrap, "kept", values)
    assert server.stop()
    assert server.start().bootstrap_servers == bootstrap
    assert await read(bootstrap, "kept", len(values)) == values


async def test_what_is_written_outlives_a_kill(server: Broker) -> None:
    """Also when the broker could not say goodbye; `status` sees at once that it is gone."""
    values = [b"one", b"two", b"thr", b"fou", b"fiv"]
    status = server.start()
    await write(status.bootstrap_servers, "kept", values)
    killed = status.nodes[0].process
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop(patience=10)  # waits for its end, there is nothing left to ask
    assert server.status() is None
    assert await read(server.start().bootstrap_servers, "kept", len(values)) == values


def test_start_status_and_stop_from_a_shell(shell: Shell) -> None:
    """`start` prints the address alone and returns; the broker outlives it; all say the same of it."""
    data = str(default_folder(shell.folder / ".streamapp"))
    nothing: dict[str, object] = {"running": False, "bootstrap_servers": None, "nodes": [], "data": data}
    assert shell.status() == (3, nothing)

    started = shell.run("broker", "start")
    assert (started.returncode, len(started.stdout.splitlines())) == (0, 1)
    host, port = started.stdout.strip().split(":")
    assert host == "127.0.0.1"

    code, status = shell.status()
    state = running(Path(data))
    assert state is not None
    pid = state.nodes[0].process.pid
    assert code == 0
    assert status == {
        "running": True,
        "bootstrap_servers": f"{host}:{port}",
        "nodes": [{"id": 1, "pid": pid, "port": int(port)}],
        "data": data,
    }
    assert os.getsid(pid) == pid, "it must not end with the terminal it was started in"
    assert running_bootstrap(shell.folder / ".streamapp") == f"{host}:{port}"

    again = shell.run("broker", "start")
    assert (again.returncode, again.stdout) == (0, started.stdout)

    assert shell.run("broker", "stop").returncode == 0
    assert Process.find(pid) is None
    assert shell.status() == (3, nothing)
    stopped = shell.run("broker", "stop")
    assert stopped.returncode == 3
    assert "streamapp broker start" in stopped.stderr


def test_a_broker_elsewhere_is_found_without_naming_it(shell: Shell, tmp_path: Path) -> None:
    """`status` and `stop` know the folder that `start` was given, from the same place."""
    other = tmp_path / "with a space, and a comma"
    started = shell.run("broker", "start", "--data", str(other))
    assert started.returncode == 0, started.stderr
    code, status = shell.status()
    assert (code, status["data"], status["bootstrap_servers"]) == (0, str(other), started.stdout.strip())
    assert running_bootstrap(shell.folder / ".streamapp") == started.stdout.strip()
    assert shell.run("broker", "stop").returncode == 0
    assert shell.status("--data", str(other))[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["start", "--nodes", "2"], 2, "'--nodes'"),
        (["start", "--port", "0"], 2, "'--port'"),
        (["begin"], 2, "no command 'begin'"),
        (["start", "--data", "/dev/null/data"], 4, "give another --data"),
    ],
)
def test_wrong_use_says_what_to_type(shell: Shell, arguments: list[str], code: int, text: str) -> None:
    """One line, and the exit code for it; nothing is started."""
    done = shell.run("broker", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use_is_refused(server: Broker) -> None:
    """Before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is in use .* --port"):
            server.start(port)
    assert server.status() is None


def test_a_given_port_is_used_and_kept(server: Broker) -> None:
    """A second start may name it again, but not another while the broker runs."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    status = server.start(port)
    assert status.bootstrap_servers == f"127.0.0.1:{port}"
    assert server.start(port) == status
    assert Broker(server.data).start() == status
    with pytest.raises(ConfigurationError, match="stop it first"):
        server.start(port + 1)


def test_a_port_taken_since_the_last_start_is_replaced(server: Broker) -> None:
    """Without a port of the user's choice the broker moves rather than fails."""
    port = server.start().nodes[0].port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert server.start().nodes[0].port != port


def test_a_recycled_pid_is_neither_running_nor_stopped(server: Broker) -> None:
    """A process that got the id of a broker long gone is left alone."""
    status = server.start()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        (node,) = status.nodes
        stale = replace(node, process=Process(innocent.pid, node.process.began))
        replace(status, nodes=(stale,)).write()
        assert last(server.data) == replace(status, nodes=(stale,))
        assert server.status() is None
        assert not server.stop()
        assert innocent.poll() is None
        innocent.communicate(b"\n")
        assert innocent.returncode == 0


def test_a_failed_start_shows_the_end_of_the_log(server: Broker) -> None:
    """What Kafka said is in the error; nothing keeps running."""
    server.start()
    server.stop()
    meta = server.data / "logs" / "meta.properties"
    meta.write_text(meta.read_text(encoding="utf-8").replace("node.id=1", "node.id=7"), encoding="utf-8")
    with pytest.raises(StreamappError, match=r"(?s)did not start.*server\.log.*Stored node id 7"):
        server.start()
    assert server.status() is None


async def test_three_nodes_replicate_and_outlive_each_other(server: Broker) -> None:
    """One of three is killed: what was written is there, more can be written, and a start brings the node back."""
    status = server.start(nodes=3)
    assert [node.id for node in status.nodes] == [1, 2, 3]
    values = [b"one", b"two", b"thr", b"fou", b"fiv"]
    await write(status.bootstrap_servers, "kept", values, replicas=3)
    killed = status.nodes[0].process
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop(patience=10)
    found = server.status()
    assert found is not None
    assert [node.id for node in found.missing] == [1]
    assert await read(status.bootstrap_servers, "kept", len(values)) == values
    again = server.start()
    assert again.bootstrap_servers == status.bootstrap_servers
    assert not again.missing
    assert again.nodes[1:] == status.nodes[1:]
    assert await read(again.bootstrap_servers, "kept", len(values)) == values


def test_the_number_of_nodes_belongs_to_the_data(server: Broker) -> None:
    """A data folder of one node is not started as three."""
    server.start()
    with pytest.raises(ConfigurationError, match=r"is that of 1 node.* --data"):
        server.start(nodes=3)
    with pytest.raises(StreamappError, match="has no node 7: it has 1"):
        server.stop(7)
