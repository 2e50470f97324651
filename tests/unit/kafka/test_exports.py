"""The names of the package: all there, and the client library only loaded when one is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import streamapp.kafka
from streamapp.kafka import _HOMES


@pytest.mark.parametrize("name", sorted(_HOMES))
def test_every_name_is_where_it_is_said_to_be(name: str) -> None:
    """An entry that points to nothing would only fail in the command that uses it."""
    assert getattr(streamapp.kafka, name).__name__ == name


def test_type_checkers_see_the_same_names() -> None:
    """What is imported for them is what is found at run time."""
    source = ast.parse(Path(streamapp.kafka.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in source.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module).rpartition(".")[2]
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == _HOMES


def test_unknown_names_are_attribute_errors() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = streamapp.kafka.Nothing


def test_the_package_and_its_broker_load_no_client() -> None:
    """Commands about the embedded broker start without it."""
    program = "import sys, streamapp.kafka, streamapp.kafka.broker; print('aiokafka' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
