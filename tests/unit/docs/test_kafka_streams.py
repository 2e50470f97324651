"""The table "Kafka Streams to streamapp" is complete, and what it names is there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_overloads

import pytest

import streamapp
from docs.pictures.page import DOCS, read
from streamapp.cli.root import COMMANDS, TOPOLOGY_COMMANDS
from streamapp.dsl.topology import RESERVED
from streamapp.settings import NAMES

PAGE = DOCS / "reference" / "kafka-streams.md"

METHODS: Mapping[str, list[str]] = {
    name: methods.split()
    for name, _, methods in (
        line.partition(":")
        for line in (Path(__file__).parent / "kafka_streams_methods.txt").read_text(encoding="utf-8").splitlines()
    )
}
"""The public methods of each class of the Streams API of Kafka 4.3.1; of StreamsConfig, its settings."""

_CODE = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A row of the page, in the section of some classes."""

    classes: tuple[str, ...]
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    note: str


def rows() -> Iterator[Row]:
    """The rows of the page."""
    classes: tuple[str, ...] = ()
    for line in read(PAGE).text.splitlines():
        if line.startswith("### "):
            classes = tuple(line[4:].split(", "))
        elif line.startswith("| ") and not line.startswith("| Kafka Streams |"):
            theirs, ours, note = (cell.strip() for cell in line[1:-1].split("|"))
            yield Row(classes, tuple(_CODE.findall(theirs)), tuple(_CODE.findall(ours)), note)


ROWS = [*rows()]


@pytest.mark.parametrize("name", METHODS)
def test_names_every_method(name: str) -> None:
    """Each public method of the class stands in its section."""
    named = {theirs for row in ROWS if name in row.classes for theirs in row.theirs}
    assert [method for method in METHODS[name] if method not in named] == []


@pytest.mark.parametrize("ours", sorted({ours for row in ROWS for ours in row.ours}))
def test_what_it_names_is_there(ours: str) -> None:
    """Each of our names is a name of the package, a command, a setting or a path."""
    if ours.startswith("streamapp "):
        command = ours.split()[1:]
        assert command[0] in COMMANDS or (command[0] == "TOPOLOGY" and command[1] in {*TOPOLOGY_COMMANDS, *RESERVED})
    elif not ours.startswith("/") and ours not in NAMES:
        path, _, arguments = ours.partition("(")
        thing: Any = streamapp
        for part in path.split("."):
            thing = getattr(thing, part)
        if arguments:
            assert set(re.findall(r"(\w+)=", arguments)) <= _parameters(thing)


def _parameters(thing: Any) -> set[str]:
    functions = (thing, *(() if isinstance(thing, type) else get_overloads(thing)))
    return {name for function in functions for name in inspect.signature(function).parameters}


def test_says_what_to_do_about_a_gap() -> None:
    """A method without a name of ours has a word on why, or what to use."""
    assert [row.theirs for row in ROWS if not row.ours and not row.note.strip(" |")] == []
