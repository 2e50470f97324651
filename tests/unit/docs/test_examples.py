"""Every example of the documentation runs, and prints what its page says."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest

from docs.pictures.page import DOCS, OPERATORS, Page, read

PAGES = sorted(path for path in DOCS.rglob("*.md") if read(path).examples)


def run(page: Page) -> None:
    """Runs the blocks of a page as one program; fails where one prints something else than the page says."""
    program = ModuleType("example")
    files: list[str] = []
    try:
        for example in page.examples:
            name = example.source.module
            module = program if name is None else ModuleType(name)
            if name is not None:
                files.append(name)
                sys.modules[name] = module
            printed = io.StringIO()
            code = compile(page.program(example.source), str(page.path), "exec", dont_inherit=True)
            with contextlib.redirect_stdout(printed):
                exec(code, vars(module))  # noqa: S102 - our own pages
            place = f"{page.path}:{example.source.line}"
            assert printed.getvalue() == (example.printed or ""), f"{place} prints something else"
    finally:
        for name in files:
            del sys.modules[name]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_prints_what_the_page_says(path: Path) -> None:
    """A reader who types the example in sees the same."""
    run(read(path))


def test_every_operator_has_an_example() -> None:
    """Each page on an operator shows what it prints, but for the map of them."""
    pages = [read(path) for path in OPERATORS.glob("*.md") if path.name != "README.md"]
    assert [page.path.name for page in pages if not any(one.printed for one in page.examples)] == []


def test_another_output_is_found() -> None:
    """A page that is wrong fails."""
    page = read(OPERATORS / "filter.md")
    wrong = Page(page.path, page.text.replace("5000 oven 180\n", "5000 oven 181\n"))
    with pytest.raises(AssertionError, match="prints something else"):
        run(wrong)
