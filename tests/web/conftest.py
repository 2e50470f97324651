"""A browser for all tests here, and a console to look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.integration.worker.conftest import bench
from tests.unit.web.memory import MemoryRuntime
from tests.web.browser import Window, chromium
from tests.web.served import Served

__all__ = ["bench", "driver", "served", "window"]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One Chromium."""
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def served() -> Iterator[Served]:
    """The console of two topologies that run."""
    runtime = MemoryRuntime()
    runtime.begin()
    with Served.running(runtime) as started:
        yield started


@pytest.fixture
def window(driver: Chrome, served: Served) -> Iterator[Window]:
    """A window on that console; nothing may have been asked of anyone else, and nothing complained of, in the end."""
    made = Window(driver, served.url)
    made.complaints()
    made.hosts()
    yield made
    assert made.hosts() <= {served.url.removeprefix("http://")}
    assert made.complaints() == []
    driver.get("about:blank")  # ends the stream before the server ends
