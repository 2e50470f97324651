"""The signatures on the pages are those of the code, and nothing public is without one."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_overloads

import pytest

import streamapp
from docs.pictures.page import OPERATORS, read
from streamapp.dsl import cogrouped

PUBLIC = vars(streamapp) | {
    "CogroupedWindows": cogrouped.CogroupedWindows,
    "CogroupedSessions": cogrouped.CogroupedSessions,
}

CLASSES = (
    "Branches",
    "CogroupedSessions",
    "CogroupedStream",
    "CogroupedWindows",
    "GroupedStream",
    "GroupedTable",
    "KeyValueRows",
    "Processor",
    "ProcessorContext",
    "SessionStream",
    "Stream",
    "Table",
    "WindowRows",
    "WindowedStream",
)
"""Those whose methods are steps, or are called by authors."""

INTERNAL = {"CogroupedStream.nodes"}
"""Public for other modules, not for authors."""


class Typed(NamedTuple):
    """A signature on a page."""

    page: str
    text: str

    @property
    def name(self) -> str:
        """Such as `Stream.filter`."""
        return re.sub(r"\[[^]]*]", "", self.text.partition("(")[0])

    @property
    def parameters(self) -> list[tuple[str, str, str | None]]:
        """Name, kind and default of each."""
        text = self.text[self.text.index("(") :]
        tree = ast.parse(f"def f{text}: ..." if "->" in text else f"def f{text} -> None: ...").body[0]
        assert isinstance(tree, ast.FunctionDef)
        return list(_of_tree(tree.args))


def _of_tree(given: ast.arguments) -> Iterator[tuple[str, str, str | None]]:
    plain = [(one, "POSITIONAL_ONLY") for one in given.posonlyargs]
    plain += [(one, "POSITIONAL_OR_KEYWORD") for one in given.args]
    defaults = [None] * (len(plain) - len(given.defaults)) + [ast.unparse(one) for one in given.defaults]
    yield from ((one.arg, kind, default) for (one, kind), default in zip(plain, defaults, strict=True))
    if given.vararg is not None:
        yield given.vararg.arg, "VAR_POSITIONAL", None
    for one, default_node in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield one.arg, "KEYWORD_ONLY", None if default_node is None else ast.unparse(default_node)


def _of_code(function: Callable[..., Any]) -> list[tuple[str, str, str | None]]:
    return [
        (one.name, one.kind.name, None if one.default is one.empty else _shown(one.default))
        for one in inspect.signature(function).parameters.values()
        if one.name != "self"
    ]


def _shown(default: Any) -> str:
    return default.__name__ if isinstance(default, type) else repr(default)


def found(name: str) -> Any:
    """The function or class of that name."""
    first, *rest = name.split(".")
    thing = PUBLIC[first]
    for part in rest:
        thing = getattr(thing, part)
    return thing


TYPED = [
    Typed(path.name, line)
    for path in sorted(OPERATORS.glob("*.md"))
    for block in read(path).blocks
    if block.kind == "python signature"
    for line in block.body.splitlines()
]


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: f"{typed.page}:{typed.name}")
def test_is_that_of_the_code(typed: Typed) -> None:
    """Names, kinds and defaults of all parameters are those of the function, or of one of its overloads."""
    thing = found(typed.name)
    overloads = () if isinstance(thing, type) else get_overloads(thing)
    assert typed.parameters in [_of_code(one) for one in (thing, *overloads)]


def test_everything_public_is_on_a_page() -> None:
    """Every function of the package and every method of its streams and tables has a signature on some page."""
    functions = {name for name in streamapp.__all__ if name != "app" and inspect.isfunction(PUBLIC[name])}
    methods = {
        f"{name}.{method}"
        for name in CLASSES
        for method, function in inspect.getmembers(PUBLIC[name], inspect.isfunction)
        if not method.startswith("_")
    }
    missing = (functions | methods) - INTERNAL - {typed.name for typed in TYPED}
    assert sorted(missing) == []
