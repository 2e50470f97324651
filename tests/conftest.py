"""A broker for the tests that need one: the embedded one, fresh, with its own folder and a free port.

And how properties are tested: by no clock, which on a busy machine says nothing of what is tested.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from streamapp.kafka.broker.server import Broker

settings.register_profile("streamapp", deadline=None)
settings.load_profile("streamapp")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a broker that runs for the whole session."""
    server = Broker(tmp_path_factory.mktemp("broker"))
    try:
        yield server.start().bootstrap_servers
    finally:
        server.stop()
