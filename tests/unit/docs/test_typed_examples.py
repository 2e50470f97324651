"""`mypy --strict` has nothing to say of the documentation's examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.pictures.page import DOCS, Page, read

CACHE = Path(__file__).parents[3] / ".mypy_cache" / "examples"


def write(page: Page, folder: Path) -> None:
    """Writes a page's examples as one module, but for those that are files of their own."""
    rest: list[str] = []
    for example in page.examples:
        name = example.source.module
        if name is not None:
            (folder / f"{name}.py").write_text(example.source.body, encoding="utf-8")
        else:
            rest.append(example.source.body)
    (folder / f"page_{page.path.stem.replace('-', '_')}.py").write_text("\n".join(rest), encoding="utf-8")


def test_examples_are_strictly_typed(tmp_path: Path) -> None:
    """What a reader copies passes the checker we recommend."""
    for path in DOCS.rglob("*.md"):
        write(read(path), tmp_path)
    files = sorted(path.name for path in tmp_path.iterdir())
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent"]
    done = subprocess.run(
        [*command, "--cache-dir", str(CACHE), *files], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
