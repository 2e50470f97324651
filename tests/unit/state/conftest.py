"""The two places a store can be in: every test of stores runs in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from streamapp.engine.specs import StoreSpec
from tests.unit.state.stores import Stores, Where

Opener = Callable[..., Stores]


@pytest.fixture(params=["memory", "rocksdb"])
def where(request: pytest.FixtureRequest) -> Where:
    """Memory, then RocksDB."""
    return cast(Where, request.param)


@pytest.fixture
def opened(where: Where, tmp_path: Path) -> Iterator[Opener]:
    """Opens stores of the specs given; closes them after the test."""
    made: list[Stores] = []

    def open_(*specs: StoreSpec) -> Stores:
        made.append(Stores(where, tmp_path / "app" / "0_0", *specs))
        return made[-1]

    yield open_
    for stores in made:
        stores.state.close()
