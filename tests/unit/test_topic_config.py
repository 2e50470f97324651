"""What may be said of the configuration of internal topics, by an author or a setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamapp.errors import ConfigurationError
from streamapp.settings import load
from streamapp.topic_config import checked_config


def test_numbers_and_texts_are_taken() -> None:
    """As Kafka has them: texts."""
    given = {"min.insync.replicas": 2, "compression.type": " zstd ", "delete.retention.ms": "86400000"}
    assert checked_config(given) == {
        "min.insync.replicas": "2",
        "compression.type": "zstd",
        "delete.retention.ms": "86400000",
    }


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"cleanup.policy": "delete"}, "other than cleanup.policy: changelogs are compacted"),
        ({"retention.ms": "1"}, "other than retention.ms"),
        ({"retention.bytes": "1"}, "other than retention.bytes"),
        ({"message.timestamp.type": "LogAppendTime"}, "other than message.timestamp.type: records keep"),
        ({"delete.retention.ms": "1000"}, "delete.retention.ms of 86400000 or more"),
        ({"segments": "1"}, "names of Kafka's topic options"),
        ({3: "1"}, "names of Kafka's topic options"),
        ({"segment.bytes": True}, "a text or a whole number for segment.bytes"),
        ({"segment.bytes": " "}, "a text or a whole number for segment.bytes"),
    ],
)
def test_what_would_lose_rows_is_refused(config: dict[Any, Any], problem: str) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match=problem):
        checked_config(config)


def test_is_a_setting(tmp_path: Path) -> None:
    """A table in the file, one text in a variable."""
    path = tmp_path / "my.toml"
    path.write_text('internal_topic_config = { "min.insync.replicas" = 2 }', encoding="utf-8")
    assert load(environ={}, config=path).internal_topic_config == (("min.insync.replicas", "2"),)
    variable = {"STREAMAPP_INTERNAL_TOPIC_CONFIG": "min.insync.replicas=2, segment.bytes=1000000"}
    assert dict(load(environ=variable).internal_topic_config) == {
        "min.insync.replicas": "2",
        "segment.bytes": "1000000",
    }


@pytest.mark.parametrize("value", ["cleanup.policy=delete", "min.insync.replicas"])
def test_a_wrong_setting_is_named(value: str) -> None:
    """With where it came from and what would do."""
    with pytest.raises(ConfigurationError, match=r"setting internal_topic_config is .*: expected "):
        load(environ={"STREAMAPP_INTERNAL_TOPIC_CONFIG": value})
