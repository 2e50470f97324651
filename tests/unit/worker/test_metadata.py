"""What travels with a committed offset."""

from __future__ import annotations

import pytest

from streamapp.errors import ConfigurationError
from streamapp.worker.metadata import TaskMetadata, decode_metadata, merge_metadata


def test_it_survives_the_offset_commit() -> None:
    """Times, late counts and changelog ends come back as they were."""
    written = TaskMetadata({"revenue-per-hour": 5}, {"revenue-per-hour": 2}, {"revenue-per-hour": 77})
    assert decode_metadata(written.encode()) == written


def test_offsets_of_other_tools_have_none() -> None:
    """An offset set by hand carries no metadata, or somebody else's."""
    assert decode_metadata(None) == TaskMetadata()
    assert decode_metadata("") == TaskMetadata()
    assert decode_metadata("set by hand") == TaskMetadata()


def test_the_latest_of_each_value_counts() -> None:
    """A partition whose offset stood still kept the metadata of an older commit."""
    older = TaskMetadata({"a": 1, "b": 9}, {"a": 1})
    newer = TaskMetadata({"a": 5}, {"a": 3}, {"s": 4})
    assert merge_metadata([newer, older]) == TaskMetadata({"a": 5, "b": 9}, {"a": 3}, {"s": 4})


def test_more_than_an_offset_can_carry_is_refused() -> None:
    """Kafka would refuse the commit for ever; the author learns why at the first one."""
    with pytest.raises(ConfigurationError, match="4096"):
        TaskMetadata({f"step-{number}": number for number in range(500)}).encode()
