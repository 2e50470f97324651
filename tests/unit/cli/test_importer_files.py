"""Input files of importers: packed or not, whole or damaged, and in another order."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from streamapp.cli.importers.files import in_order, lines_of, read_order
from streamapp.errors import UsageError

TEXT = "a,£\nb\r\nc"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A file of three lines."""
    path = tmp_path / "plain.csv"
    path.write_bytes(TEXT.encode())
    return path


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """The same lines, gzipped, under a name that does not say so."""
    path = tmp_path / "packed.csv"
    path.write_bytes(gzip.compress(TEXT.encode()))
    return path


def test_a_file_may_be_gzipped(plain: Path, packed: Path) -> None:
    """What a file is, its first bytes say; line ends are the CSV reader's business."""
    assert list(lines_of(plain)) == list(lines_of(packed)) == ["a,£\n", "b\r\n", "c"]


def test_a_damaged_file_is_named(packed: Path) -> None:
    """A download that was cut off, or is not what it seems, is no shorter data set."""
    packed.write_bytes(packed.read_bytes()[:-6])
    with pytest.raises(UsageError, match=r"packed\.csv: the gzip file is damaged or cut off"):
        list(lines_of(packed))


def test_other_encodings_and_missing_files_are_named(plain: Path) -> None:
    """Latin-1, as the data set is also found, is not taken for UTF-8."""
    plain.write_bytes("£".encode("latin-1"))
    with pytest.raises(UsageError, match=r"plain\.csv: is not UTF-8"):
        list(lines_of(plain))
    with pytest.raises(UsageError, match=r"gone: cannot be read: No such file"):
        list(lines_of(plain.with_name("gone")))


def test_rows_in_a_given_order(tmp_path: Path) -> None:
    """Each index gives its row, in the order of the file that names them."""
    order = tmp_path / "order.gz"
    order.write_bytes(gzip.compress(b"2\n0\n1\n"))
    assert list(in_order("abc", read_order(order), "order.gz")) == ["c", "a", "b"]


def test_a_wrong_index_is_named(tmp_path: Path) -> None:
    """Text, and rows that are not there, are refused with their line."""
    order = tmp_path / "order"
    order.write_text("0\n-1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="order, line 2: '-1' is not a row index"):
        read_order(order)
    with pytest.raises(UsageError, match="order, line 2: there is no row 3: the file has 3 rows"):
        in_order("abc", [0, 3], "order")
