"""How the text of a setting, or its value in TOML, becomes the value that is used.

A reader returns the value or raises `ValueError` with what would have been right. Knows nothing of where a
setting comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from streamapp.topic_config import checked_config

_ON = frozenset({"true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("a text")
    return raw.strip()


def _servers(raw: object) -> str:
    servers = [server.strip() for server in _text(raw).split(",")]
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("host:port, several joined by commas")
    return ",".join(servers)


def _group_prefix(raw: object) -> str:
    text = _text(raw)
    if not all(char.isascii() and (char.isalnum() or char in "._-") for char in text):
        raise ValueError("letters, digits, '.', '_' and '-'")
    return text


def _folder(raw: object) -> Path:
    return Path(raw) if isinstance(raw, Path) else Path(_text(raw)).expanduser()


def _reference(raw: object) -> str:
    module, colon, name = _text(raw).partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise ValueError("package:NAME, such as topologies:TOPOLOGIES")
    return f"{module}:{name}"


def _one_of(*choices: str) -> Callable[[object], str]:
    def read(raw: object) -> str:
        if raw not in choices:
            raise ValueError(" or ".join(choices))
        return str(raw)

    return read


def _integer(least: int, most: int) -> Callable[[object], int]:
    def read(raw: object) -> int:
        expected = f"a whole number from {least} to {most}"
        try:
            number = int(raw) if isinstance(raw, str) else raw
        except ValueError:
            raise ValueError(expected) from None
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(expected)
        return number

    return read


def _seconds(least: float, most: float) -> Callable[[object], float]:
    def read(raw: object) -> float:
        expected = f"a number of seconds from {least:g} to {most:g}"
        try:
            number = float(raw) if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else None
        except ValueError:
            raise ValueError(expected) from None
        if number is None or not least <= number <= most:
            raise ValueError(expected)
        return number

    return read


def _topic_config(raw: object) -> tuple[tuple[str, str], ...]:
    """A table of TOML, or text: `min.insync.replicas=2, segment.bytes=1000000`."""
    if isinstance(raw, str):
        parts = [part.partition("=") for part in raw.split(",")]
        raw = {name.strip(): value for name, _, value in parts}
    if not isinstance(raw, Mapping):
        raise ValueError('a table such as { "min.insync.replicas" = 2 }')  # noqa: TRY004 - as every reader does
    return tuple(checked_config(raw).items())


def _switch(raw: object) -> bool:
    text = str(raw).lower()
    if text not in {*_ON, *_OFF}:
        raise ValueError("true or false")
    return text in _ON


READERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "bootstrap_servers": _servers,
        "application": _group_prefix,
        "state_dir": _folder,
        "topologies": _reference,
        "services": _reference,
        "guarantee": _one_of("exactly_once", "at_least_once"),
        "commit_interval": _seconds(0.001, 3600),
        "linger": _seconds(0, 60),
        "web_host": _text,
        "web_port": _integer(0, 65535),
        "session_timeout": _seconds(1, 1800),
        "heartbeat_interval": _seconds(0.1, 600),
        "transaction_timeout": _seconds(1, 900),
        "metadata_interval": _seconds(0.1, 3600),
        "replication_factor": _integer(1, 32767),
        "standby_replicas": _integer(0, 100),
        "internal_topic_config": _topic_config,
        "fail_fast": _switch,
        "cache_bytes": _integer(1024 * 1024, 2**40),
        "write_buffer_bytes": _integer(1024 * 1024, 2**40),
        "log_level": _one_of("debug", "info", "warning", "error", "critical"),
    }
)
"""The reader of each setting."""
