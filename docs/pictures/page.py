"""A page of the documentation: its blocks of Python, and what each is said to print.

The blocks of a page are one program; a block of text right behind one is what it prints. Knows nothing of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1]
OPERATORS = DOCS / "reference" / "operators"

_FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)

_FILE = re.compile(r"# (\w+)\.py\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is that of its first line of content."""

    kind: str
    body: str
    line: int

    @property
    def module(self) -> str | None:
        """The name of the module it is, if it begins with that: `# shop.py`; blocks behind it may import that."""
        named = _FILE.match(self.body)
        return named[1] if named else None


@dataclass(frozen=True, slots=True)
class Example:
    """A block of Python and the text that follows it; None when none does."""

    source: Block
    printed: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page in Markdown."""

    path: Path
    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All fenced blocks, in order."""
        return tuple(
            Block(match["kind"].strip(), match["body"], self.text.count("\n", 0, match.start("body")) + 1)
            for match in _FENCE.finditer(self.text)
        )

    @property
    def examples(self) -> tuple[Example, ...]:
        """The blocks that are run, each with what it prints."""
        return tuple(_examples(self.blocks))

    def program(self, block: Block) -> str:
        """The block's source, moved to its lines on the page, so that errors name those."""
        return "\n" * (block.line - 1) + block.body


def _examples(blocks: tuple[Block, ...]) -> Iterator[Example]:
    for at, block in enumerate(blocks):
        behind = blocks[at + 1] if at + 1 < len(blocks) else None
        if block.kind == "python":
            yield Example(block, behind.body if behind is not None and behind.kind == "text" else None)


def read(path: Path) -> Page:
    """The page in a file."""
    return Page(path, path.read_text(encoding="utf-8"))
