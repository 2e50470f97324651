"""Where a cluster is and how its door is opened; waits, naming the address, until somebody answers.

Knows nothing of what is asked afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiokafka import errors as kafka

from streamapp.errors import KafkaUnavailableError
from streamapp.kafka.errors import explain

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class ClusterAddress:
    """A cluster's bootstrap servers, `host:port[,host:port…]`, and what it asks for to let us in."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    sasl_mechanism: str = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = field(default=None, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments every client of aiokafka takes."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_plain_username,
            "sasl_plain_password": self.sasl_plain_password,
        }

    def __str__(self) -> str:
        return self.bootstrap_servers


Address: TypeAlias = str | ClusterAddress


def address_of(where: Address) -> ClusterAddress:
    """A bare `host:port` as an address without security."""
    return ClusterAddress(where) if isinstance(where, str) else where


async def until_connected(
    connect: Callable[[], Awaitable[None]], address: ClusterAddress, *, fail_fast: bool = False
) -> None:
    """Calls `connect` until a broker answers, with growing pauses of at most 5 s, logging the address each time.

    With `fail_fast` one failure raises `KafkaUnavailableError`, which names the address and what to do. Anything but
    a missing broker is raised at once.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            await connect()
        except (kafka.KafkaConnectionError, kafka.NodeNotReadyError, kafka.NoBrokersAvailable, OSError) as error:
            if fail_fast:
                raise unavailable(address) from error
            logger.warning("no broker answers at %s (%s); trying again in %.1f s", address, error, pause)
        except kafka.KafkaError as error:
            raise explain(error, f"connecting to {address}") from error
        else:
            return
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 2)


def unavailable(address: ClusterAddress) -> KafkaUnavailableError:
    """The error for an address where nobody answers."""
    return KafkaUnavailableError(
        f"no Kafka broker answers at {address}: start one with 'streamapp broker start', or name another with "
        "'--bootstrap-servers HOST:PORT' (STREAMAPP_BOOTSTRAP_SERVERS)"
    )
