"""What a user can set: command line over `STREAMAPP_<NAME>` over `config/streamapp.toml` over the defaults.

Frozen and checked when loaded. Knows nothing of what uses a setting.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from streamapp.errors import ConfigurationError, NotFoundError, StreamappError, UsageError
from streamapp.setting_values import READERS
from streamapp.suggestion import nearest

CONFIG_FILE = Path("config/streamapp.toml")
PREFIX = "STREAMAPP_"

Guarantee = Literal["exactly_once", "at_least_once"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; times are in seconds, sizes in bytes."""

    bootstrap_servers: str | None = None
    """`host:port[,host:port…]`; None: the running embedded broker."""
    application: str = "streamapp"
    """The prefix of consumer groups, internal topics and state folders."""
    state_dir: Path = Path(".streamapp")
    topologies: str = "topologies:TOPOLOGIES"
    """`package:NAME` of the sequence of topologies."""
    services: str = "topologies:SERVICES"
    """`package:NAME` of the mapping of services such as the checkout."""
    guarantee: Guarantee = "exactly_once"
    commit_interval: float | None = None
    """None: what suits the guarantee, see `commit_seconds`."""
    linger: float = 0.1
    """How long a result waits for others to be sent with; 0: until there is nothing else to do."""
    web_host: str = "127.0.0.1"
    web_port: int = 6066
    """0: a free one."""
    session_timeout: float = 30.0
    heartbeat_interval: float = 3.0
    transaction_timeout: float = 10.0
    metadata_interval: float = 30.0
    """How often topics are looked for that match a topology's patterns."""
    replication_factor: int = 1
    """Of the topics that streamapp makes."""
    internal_topic_config: tuple[tuple[str, str], ...] = ()
    """Options of the topics that streamapp makes for itself, beyond the usual ones."""
    fail_fast: bool = False
    """End with exit code 5 when no broker answers, instead of trying on."""
    standby_replicas: int = 0
    """Other workers that follow each task's stores, to take it over at once; what the group's leader has counts."""
    cache_bytes: int = 64 * 1024 * 1024
    """RocksDB's block cache, one for the process."""
    write_buffer_bytes: int = 64 * 1024 * 1024
    """RocksDB's memtables, one budget for the process."""
    log_level: str = "info"

    @property
    def commit_seconds(self) -> float:
        """The commit interval in force: 0.1 s exactly once, 1 s at least once, unless one was set."""
        if self.commit_interval is not None:
            return self.commit_interval
        return 0.1 if self.guarantee == "exactly_once" else 1.0

    def resolve_bootstrap(self) -> str:
        """The address of the cluster: the one that was set, else that of the running embedded broker.

        Raises `NotFoundError` naming the ways to give one.
        """
        if self.bootstrap_servers is not None:
            return self.bootstrap_servers
        from streamapp.kafka.broker import running_bootstrap  # late: it starts processes, we read

        address = running_bootstrap()
        if address is None:
            raise NotFoundError(
                "no Kafka cluster is known: start one here with 'streamapp broker start', "
                "or name yours with --bootstrap-servers HOST:PORT or STREAMAPP_BOOTSTRAP_SERVERS"
            )
        return address


NAMES = tuple(field.name for field in fields(Settings))


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Settings:
    """Reads all sources; an override of None does not count.

    The file is `config`, else `STREAMAPP_CONFIG`, else `config/streamapp.toml` if there is one here. Raises
    `ConfigurationError` naming setting, value, where it came from, and what would do; `UsageError` for an
    override.
    """
    given = [*_from_file(config, environ), *_from_environment(environ), *_from_command_line(overrides or {})]
    settings = Settings(**{one.name: one.read() for one in given})
    if settings.heartbeat_interval * 3 > settings.session_timeout:
        raise ConfigurationError(
            f"heartbeat_interval is {settings.heartbeat_interval:g} s with a session_timeout of "
            f"{settings.session_timeout:g} s: give at most a third of it"
        )
    return settings


@dataclass(frozen=True, slots=True)
class _Given:
    """A raw value and where it came from; a later one wins."""

    name: str
    value: object
    origin: str
    wrong: type[StreamappError] = ConfigurationError

    def read(self) -> Any:
        try:
            return READERS[self.name](self.value)
        except ValueError as error:
            raise self.wrong(f"setting {self.name} is {str(self.value)!r} ({self.origin}): expected {error}") from None


def _from_file(config: Path | None, environ: Mapping[str, str]) -> list[_Given]:
    variable = environ.get(f"{PREFIX}CONFIG")
    named = config or (Path(variable) if variable else None)
    path = named or CONFIG_FILE
    if named is None and not path.is_file():
        return []
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"settings file {str(path)!r} cannot be read ({error.strerror}): correct {PREFIX}CONFIG"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"settings file {str(path)!r} is not TOML: {error}") from error
    for name in values:
        if name not in NAMES:
            raise ConfigurationError(f"settings file {str(path)!r} has no setting {name!r}: {nearest(name, NAMES)}")
    return [_Given(name, value, str(path)) for name, value in values.items()]


def _from_environment(environ: Mapping[str, str]) -> list[_Given]:
    given: list[_Given] = []
    for variable, value in environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or not value:  # empty: cleared, as in `VARIABLE= command`
            continue
        if name in NAMES:
            given.append(_Given(name, value, f"environment variable {variable}"))
        elif close := difflib.get_close_matches(name, NAMES, 1, 0.85):
            # only what is nearly a setting is refused: Kubernetes adds STREAMAPP_PORT and the like by itself
            raise ConfigurationError(
                f"environment variable {variable} is no setting: did you mean {PREFIX}{close[0].upper()}?"
            )
    return given


def _from_command_line(overrides: Mapping[str, Any]) -> list[_Given]:
    for name in overrides:
        if name not in NAMES:
            raise ConfigurationError(f"there is no setting {name!r}: {nearest(name, NAMES)}")
    return [
        _Given(name, value, f"option --{name.replace('_', '-')}", UsageError)
        for name, value in overrides.items()
        if value is not None
    ]
