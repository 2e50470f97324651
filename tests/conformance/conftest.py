"""Where the cases of Kafka Streams lie, and what happens where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "conformance"
"""Beside the clone; not part of it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests that need what lies beside the clone where it does not, and says so."""
    if SHARED.is_dir():
        return
    left_out = [item for item in items if item.get_closest_marker("shared")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.get_terminal_writer().line(f"{len(left_out)} tests left out: {SHARED} is not there")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the cases."""
    return SHARED
