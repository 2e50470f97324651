"""Text for people: columns that are aligned. Knows nothing of what is in them."""

from __future__ import annotations

from collections.abc import Sequence

import click


def print_columns(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a header and rows on stdout, numbers to the right."""
    texts = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    right = [bool(rows) and all(isinstance(cell, int | None) for cell in column) for column in zip(*rows, strict=True)]
    right += [False] * (len(header) - len(right))
    for line in (list(header), *texts):
        cells = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
