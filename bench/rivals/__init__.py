"""Makes what the rivals need, on demand and once: a Maven build, and a virtual environment for each Python library.

Their programs, beside this file, keep the launcher contract of `bench.system`. Knows nothing of how they are measured.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from bench.trouble import BenchError

_ROOT = Path(__file__).parents[2]
_MADE = _ROOT / ".streamapp" / "bench"
_JAVA = _ROOT / "bench" / "kafka_streams"

NAMES = ("kafka-streams", "faust", "quix", "raw")

PACKAGES = {
    "faust": ("faust-streaming==0.15.3", "aiokafka==0.14.0", "rocksdict>=0.3.29,<0.4", "orjson"),
    "quix": ("quixstreams==3.28.1", "orjson"),
}
"""What each virtual environment holds."""


def kafka_streams() -> tuple[str, ...]:
    """The command that starts our Kafka Streams program, built by Maven when its sources have changed."""
    java = _tool("java", "Kafka Streams", "a JDK of version 17 or later, such as Debian's default-jdk-headless")
    jar = _JAVA / "target" / "kafka-streams-bench-1.jar"
    sources = [_JAVA / "pom.xml", *_JAVA.rglob("*.java")]
    if not jar.exists() or jar.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        maven = _tool("mvn", "Kafka Streams", "Maven, such as Debian's maven")
        _say("building the Kafka Streams workloads with Maven")
        _must([maven, "-q", "-f", str(_JAVA / "pom.xml"), "package"], "Kafka Streams")
    return (java, "-Xmx1g", "-cp", f"{jar}:{jar.parent / 'libs' / '*'}", "bench.Main")


def python(name: str) -> Path:
    """The interpreter of a rival's virtual environment, made when it is not there."""
    folder = _MADE / name
    made = folder / "bin" / "python"
    stamp = folder / "packages"
    wanted = "\n".join(PACKAGES[name])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _say(f"making a virtual environment for {name}")
        venv.create(folder, with_pip=True, clear=True)
        _must([str(made), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES[name]], name)
        stamp.write_text(wanted, encoding="utf-8")
    return made


def _tool(name: str, rival: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{rival} cannot be compared with: there is no {name} here; install {remedy}")
    return found


def _must(command: Sequence[str], rival: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise BenchError(f"{rival} cannot be compared with: {' '.join(command)} ended with {done.returncode}:\n{tail}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
