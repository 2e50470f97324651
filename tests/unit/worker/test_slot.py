"""One process per slot."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamapp.errors import ConfigurationError
from streamapp.worker.names import Names
from streamapp.worker.slot import Slot


def test_each_holder_has_its_own_and_a_free_one_is_reused(tmp_path: Path) -> None:
    """The lowest free number is taken, so that a restart gets its predecessor's."""
    with Slot(tmp_path / "app") as first, Slot(tmp_path / "app") as second:
        assert (first.number, second.number) == (0, 1)
    with Slot(tmp_path / "app") as again:
        assert again.number == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error names the folder and how to give another."""
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"file/app.*--state-dir"):
        Slot(file / "app")


def test_members_of_two_folders_never_share_a_name(tmp_path: Path) -> None:
    """Two workers with folders of their own must not fence each other; the same folder gives the same name."""
    names = Names.of("shop", "billing")
    assert names.member(tmp_path / "a", 0) != names.member(tmp_path / "b", 0)
    assert names.member(tmp_path / "a", 0) == names.member(tmp_path / "b/../a", 0)
    assert names.member(tmp_path / "a", 1).startswith("shop-billing-")
