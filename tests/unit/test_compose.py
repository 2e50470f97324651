"""The compose file, as far as it can be checked without a Docker engine: what its services must be set to."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamapp.cli import run
from streamapp.settings import load

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
CLIENT_PORT = "9092"
CONTROLLER_PORT = "9093"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as Docker reads it, with its anchors resolved."""
    parsed: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    """The services by name."""
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(scope="module")
def apps(services: dict[str, Any]) -> dict[str, Any]:
    """The services that run our image."""
    return {name: service for name, service in services.items() if "build" in service}


def listeners(text: str) -> dict[str, str]:
    """`NAME://host:port,…` by name."""
    return dict(part.split("://") for part in text.split(","))


def test_it_fits_on_a_page() -> None:
    """Under seventy lines."""
    assert len(FILE.read_text(encoding="utf-8").splitlines()) < 70


def test_three_brokers_form_one_quorum(services: dict[str, Any]) -> None:
    """Each is broker and controller, with an id of its own, and all name the same three voters."""
    settings = [services[name]["environment"] for name in BROKERS]
    voters = ",".join(f"{number}@{name}:{CONTROLLER_PORT}" for number, name in enumerate(BROKERS, 1))
    assert [one["KAFKA_NODE_ID"] for one in settings] == [1, 2, 3]
    assert {one["KAFKA_CONTROLLER_QUORUM_VOTERS"] for one in settings} == {voters}
    assert {one["KAFKA_PROCESS_ROLES"] for one in settings} == {"broker,controller"}
    assert {len(one["CLUSTER_ID"]) for one in settings} == {22}
    assert len({one["CLUSTER_ID"] for one in settings}) == 1
    assert {services[name]["image"] for name in BROKERS} == {"apache/kafka:4.3.1"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("KAFKA_DEFAULT_REPLICATION_FACTOR", 3),
        ("KAFKA_MIN_INSYNC_REPLICAS", 2),
        ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", 3),
        ("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", 3),
        ("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", 2),
        ("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false"),
    ],
)
def test_one_broker_can_be_lost(services: dict[str, Any], setting: str, value: object) -> None:
    """Three replicas, of which two must have a record, also of Kafka's own topics."""
    assert [services[name]["environment"][setting] for name in BROKERS] == [value] * 3


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_is_reached_where_it_says(services: dict[str, Any], name: str) -> None:
    """Every listener has a protocol; containers are told its name, this machine its published port."""
    environment = services[name]["environment"]
    bound = listeners(environment["KAFKA_LISTENERS"])
    told = listeners(environment["KAFKA_ADVERTISED_LISTENERS"])
    protocols = dict(part.split(":") for part in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    controller = environment["KAFKA_CONTROLLER_LISTENER_NAMES"]
    between = environment["KAFKA_INTER_BROKER_LISTENER_NAME"]
    assert set(bound) == set(protocols) == {*told, controller}
    assert bound[controller] == f":{CONTROLLER_PORT}"
    assert (bound[between], told[between]) == (f":{CLIENT_PORT}", f"{name}:{CLIENT_PORT}")
    (host,) = set(told) - {between}
    (published,) = services[name]["ports"]
    assert published == f"{told[host]}{bound[host]}"


def test_no_port_is_open_to_the_network_or_used_twice(services: dict[str, Any]) -> None:
    """Everything that is published is published on loopback."""
    ports = list(itertools.chain.from_iterable(service.get("ports", ()) for service in services.values()))
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_data_is_kept(compose: dict[str, Any], services: dict[str, Any]) -> None:
    """Every broker has a volume of its own where its logs are; workers have one for their state."""
    mounts = [services[name]["volumes"] for name in BROKERS]
    places = [services[name]["environment"]["KAFKA_LOG_DIRS"] for name in BROKERS]
    assert mounts == [[f"{name}:{place}"] for name, place in zip(BROKERS, places, strict=True)]
    named = {mount.partition(":")[0] for service in services.values() for mount in service["volumes"]}
    assert named == set(compose["volumes"])


def test_workers_use_the_three_brokers(apps: dict[str, Any]) -> None:
    """Their settings are ones that exist, and keep three replicas of what they make."""
    for service in apps.values():
        environment = {name: str(value) for name, value in service["environment"].items()}
        settings = load(environ=environment)
        assert settings.bootstrap_servers == ",".join(f"{name}:{CLIENT_PORT}" for name in BROKERS)
        assert settings.replication_factor == 3
        assert f"state:{settings.state_dir}" in service["volumes"]


def test_every_topology_and_service_has_a_container(apps: dict[str, Any]) -> None:
    """A topology that is registered is one that runs, in one container; some share theirs."""
    from topologies import SERVICES, TOPOLOGIES

    commands = {name: shlex.split(service["command"])[1:] for name, service in apps.items()}
    assert {"topics", *SERVICES} <= set(commands)
    workers = [words for name, words in commands.items() if name not in {"topics", *SERVICES}]
    run_here = [topology for words in workers for topology in topologies_of(words)]
    assert sorted(run_here) == sorted(topology.name for topology in TOPOLOGIES)


def topologies_of(words: list[str]) -> list[str]:
    """What a worker runs: `NAME run`, or `worker NAME…`."""
    assert words[0] == "worker" or words[1:] == ["run"]
    return words[1:] if words[0] == "worker" else words[:1]


def test_every_command_is_one_that_can_be_typed(apps: dict[str, Any]) -> None:
    """Its name and options are known; with --help it does nothing else."""
    for service in apps.values():
        program, *arguments = shlex.split(service["command"])
        assert (program, run([*arguments, "--help"])) == ("streamapp", 0)


def test_workers_wait_for_topics_and_topics_for_brokers(apps: dict[str, Any]) -> None:
    """Topics are made when all brokers answer; nothing runs before that has succeeded."""
    assert apps["topics"]["depends_on"] == {name: {"condition": "service_healthy"} for name in BROKERS}
    done = {"topics": {"condition": "service_completed_successfully"}}
    assert all(service["depends_on"] == done for name, service in apps.items() if name != "topics")


def test_the_image_has_what_it_copies(apps: dict[str, Any]) -> None:
    """All services run one image, and what goes into it exists."""
    (build,) = {yaml.safe_dump(service["build"]) for service in apps.values()}
    assert len({service["image"] for service in apps.values()}) == 1
    lines = yaml.safe_load(build)["dockerfile_inline"].splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert {"pyproject.toml", "streamapp", "topologies"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert lines[-1].startswith("USER ")
