"""Whether a broker answers: one Metadata request over a plain socket, as small as the protocol allows.

An open port is not enough: a broker listens before it has joined its cluster. Knows nothing of clients.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection

_METADATA = 3
_VERSION = 1
_REQUEST = struct.pack(">hhih", _METADATA, _VERSION, 0, -1) + struct.pack(">i", 0)
"""Header v1 with correlation id 0 and no client id; the body asks for no topics."""


def brokers(host: str, port: int, timeout: float = 2.0) -> int:
    """How many brokers of its cluster the broker names within `timeout` seconds; 0 when it does not answer."""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
            with connection.makefile("rb") as stream:
                head = stream.read(12)  # size, correlation id, length of the array of brokers
    except OSError:
        return 0
    count: int = struct.unpack(">iii", head)[2] if len(head) == 12 else 0
    return count


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen at the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java's server sockets do
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, preferred: int = 0, taken: Collection[int] = ()) -> int:
    """The preferred port, or another that is not taken; another process may take it before it is used."""
    if preferred and preferred not in taken and is_free(host, preferred):
        return preferred
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
