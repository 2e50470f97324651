"""The README keeps its word: its Python runs, and every command and file it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamapp.cli import run
from streamapp.registry import load_services, load_topologies
from streamapp.settings import load

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SCREEN = 50
"""Lines."""

STAND_INS = {"COMMAND": "worker", "TOPIC": "orders", "FILE": __file__, "TOPOLOGY": "billing"}


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def typed() -> list[list[str]]:
    """Every command of ours that the README names, in words: in blocks line by line, in text between backticks."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL))
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [words for text in (*spans, *lines) if (words := text.split()) and (is_ours(words[0]) and len(words) > 1)]


def is_ours(program: str) -> bool:
    """Whether a word is a program of the project."""
    return program == "streamapp" or program.startswith("scripts/")


STREAMAPP = [words[1:] for words in typed() if words[0] == "streamapp"]


def test_the_commands_are_found() -> None:
    """The two tests below have something to test."""
    found = {words[0] for words in STREAMAPP}
    assert {"worker", "broker", "topics", "produce", "consume", "import", "list", "checkout", "billing"} <= found


@pytest.mark.parametrize("words", STREAMAPP, ids=" ".join)
def test_every_command_can_be_typed(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """The command exists, and knows the options that are named."""
    stood_in = [STAND_INS.get(word, word) for word in words if word != "--help"]
    assert run([*stood_in, "--help"]) == 0, capfd.readouterr().err
    help_text = capfd.readouterr().out
    assert [word for word in words if word.startswith("--") and word not in help_text] == []


def test_every_subcommand_and_option_of_the_table_exists(capfd: pytest.CaptureFixture[str]) -> None:
    """What a row adds behind the command, in backticks of its own, belongs to that command."""
    for row in re.findall(r"^\| `streamapp .*\|$", TEXT, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", row)
        words = [STAND_INS.get(word, word) for word in first.split()[1:]]
        added = [other for other in others if re.fullmatch(r"--[a-z-]+|[a-z]+", other) and other != "retail"]
        options = [other for other in added if other.startswith("--")]
        for name in set(added) - set(options):
            assert run([words[0], name, "--help"]) == 0, (row, name)
        capfd.readouterr()
        assert run([*words, "--help"]) == 0
        help_text = capfd.readouterr().out
        assert [option for option in options if option not in help_text] == [], row


def test_every_script_that_is_named_can_be_run() -> None:
    """It is there and executable."""
    named = set(re.findall(r"scripts/[a-z]+", TEXT))
    assert {"scripts/demo", "scripts/test", "scripts/install"} <= named
    for script in named:
        assert (ROOT / script).stat().st_mode & 0o111, script


def test_the_demo_and_the_tests_take_what_is_typed() -> None:
    """Options of the demo and stages of the tests, as named."""
    demo = subprocess.run(
        [sys.executable, "-m", "topologies.services.demo", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    stages = re.search(r"^stages=\((.*)\)$", (ROOT / "scripts/test").read_text(encoding="utf-8"), re.MULTILINE)
    assert stages is not None
    for words in typed():
        if words[0] == "scripts/demo":
            assert words[1] in demo.stdout
        if words[0] == "scripts/test":
            assert set(words[1:]) <= set(stages[1].split())


def test_every_file_and_folder_that_is_named_exists() -> None:
    """Links, and paths between backticks."""
    links = re.findall(r"\]\(([^):]+)\)", TEXT)
    paths = [path for path in re.findall(r"`([\w./-]+/[\w./-]*)`", TEXT) if not path.startswith((".", "/"))]
    assert [name for name in (*links, *paths) if not (ROOT / name).exists()] == []


def test_what_is_registered_is_named() -> None:
    """The README's topologies and services are those that exist."""
    settings = load(environ={})
    assert {"billing", "email", "revenue"} <= load_topologies(settings).keys()
    assert "checkout" in load_services(settings)


def test_the_topology_is_the_one_that_runs() -> None:
    """Letter for letter, and within a screen."""
    topology, _ = blocks("python")
    assert topology == (ROOT / "topologies" / "analytics" / "revenue.py").read_text(encoding="utf-8")
    assert len(topology.splitlines()) < SCREEN


def test_the_test_passes_and_can_fail(tmp_path: Path) -> None:
    """As a file of its own; with another answer it fails."""
    _, test = blocks("python")
    assert len(test.splitlines()) < SCREEN
    assert pytest_of(tmp_path / "test_shown.py", test) == 0
    assert pytest_of(tmp_path / "test_wrong.py", test.replace("pence=1000", "pence=1001")) == 1


def pytest_of(path: Path, text: str) -> int:
    """The exit code of pytest on a file with this text."""
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(path.parent), str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
