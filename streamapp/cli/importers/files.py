"""Input files of importers: text, gzipped or not, and the order of their rows. Knows nothing of formats."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from streamapp.errors import UsageError

T = TypeVar("T")

_GZIP = b"\x1f\x8b"


def lines_of(path: Path) -> Iterator[str]:
    """UTF-8 lines of a file, gzipped or not, with their ends; raises `UsageError` for what cannot be read."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            with io.TextIOWrapper(gzip.GzipFile(fileobj=raw) if packed else raw, "utf-8", newline="") as file:
                yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{path}: the gzip file is damaged or cut off: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8: {error.reason} at byte {error.start} of a block") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def read_order(path: Path) -> list[int]:
    """Row indexes, one per line; raises `UsageError` naming a line that is none."""
    order: list[int] = []
    for number, line in enumerate(lines_of(path), 1):
        text = line.strip()
        if not text.isdecimal():
            raise UsageError(f"{path}, line {number}: {text!r} is not a row index: expected 0, 1, 2 and so on")
        order.append(int(text))
    return order


def in_order(rows: Iterable[T], order: Sequence[int], name: str) -> Iterator[T]:
    """The rows that `order` names, in its order, held in memory; raises `UsageError` for one out of range."""
    held = list(rows)
    for number, index in enumerate(order, 1):
        if index >= len(held):
            raise UsageError(f"{name}, line {number}: there is no row {index}: the file has {len(held)} rows")
    return (held[index] for index in order)
