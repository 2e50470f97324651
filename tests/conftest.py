"""A broker for the tests that need one: the embedded one, fresh, with its own folder and a free port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.kafka.broker.server import Broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a broker that runs for the whole session."""
    server = Broker(tmp_path_factory.mktemp("broker"))
    try:
        yield server.start().bootstrap_servers
    finally:
        server.stop()
