"""The topology `important`: what it passes on, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import Record
from streamapp.testing.driver import TopologyDriver
from topologies import important
from topologies.events import IMPORTANT_MESSAGES, MESSAGES


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(important.topology) as running:
        yield running


def test_important_messages_are_passed_on(driver: TopologyDriver) -> None:
    """The word may stand anywhere; order is kept."""
    for text in ("important: no parcel", "thank you", "this is important", "unimportant"):
        driver.pipe(MESSAGES, "ada", text)
    assert [value for _, value in driver.pairs(IMPORTANT_MESSAGES)] == [
        "important: no parcel",
        "this is important",
        "unimportant",
    ]


@pytest.mark.parametrize("text", ["", "Important", "IMPORTANT", "importance"])
def test_other_messages_are_left_out(driver: TopologyDriver, text: str) -> None:
    """The word is looked for as it is written."""
    driver.pipe(MESSAGES, "ada", text)
    assert driver.read(IMPORTANT_MESSAGES) == []


def test_key_time_and_headers_stay(driver: TopologyDriver) -> None:
    """A filter changes nothing of what it passes on; a key may be missing."""
    driver.pipe(MESSAGES, None, "important", timestamp=7, headers=(("origin", b"shop"),))
    assert driver.read(IMPORTANT_MESSAGES) == [Record(None, "important", 7, (("origin", b"shop"),))]


def test_bytes_that_are_no_text_are_a_dead_letter(driver: TopologyDriver) -> None:
    """The message behind it is passed on as ever."""
    driver.pipe_bytes(MESSAGES, b"ada", b"\xff important")
    driver.pipe(MESSAGES, "ada", "important")
    assert [letter.row[3] for letter in driver.dead_letters] == [b"\xff important"]
    assert driver.pairs(IMPORTANT_MESSAGES) == [("ada", "important")]
