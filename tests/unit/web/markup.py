"""HTML as a tree of elements, read strictly: what is not closed or wrongly nested fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "input", "link", "meta"}


@dataclass
class Element:
    """A tag with its attributes, its own and inner text, and what is in it."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with single spaces."""
        return " ".join("".join(self.pieces).split())

    def all(self, tag: str, **attributes: str) -> Iterator[Element]:
        """Every element inside with this tag and these attributes, in order; `class_` is one class of several."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        for child in self.children:
            if child.tag == tag and all(
                value in (child.attributes.get(name) or "").split() for name, value in wanted.items()
            ):
                yield child
            yield from child.all(tag, **attributes)

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        found = list(self.all(tag, **attributes))
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in _VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.tag == tag, f"</{tag}> closes <{closed.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.pieces.append(data)


def parse(html: str) -> Element:
    """The document; fails for what is not well-formed."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    assert [element.tag for element in tree.open] == ["document"], "not everything is closed"
    return tree.open[0]
