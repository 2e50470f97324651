"""Files of cases: a topology, its inputs and what is expected, as plain JSON.

Knows nothing of how a case is run.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from streamapp.errors import UsageError

Spec: TypeAlias = Mapping[str, Any]
"""A node of a case, as it stands in the file."""

Record: TypeAlias = dict[str, Any]
"""`after`, `node` where there are several outputs, `key`, `value`, `ts`."""

OPTIONAL = frozenset({"retention_sensitive", "store_sensitive"})
"""Tags of cases that show artefacts of Kafka's own stores."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `expected` is None when the file says nothing of it."""

    id: str
    category: str
    nodes: Sequence[Spec]
    outputs: Sequence[str]
    inputs: Sequence[Spec]
    expected: list[Record] | None
    level: str
    """How `expected` is to be compared."""
    optional: bool
    """A difference is no failure."""
    config: Spec
    """Settings of Kafka Streams that change results."""


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON file, gzipped when its name ends in `.gz`.

    Raises `UsageError` for a file that cannot be read as one.
    """
    try:
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        return [_case(entry) for entry in document["cases"]]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{str(path)!r} is not a file of cases: {type(error).__name__}: {error}") from error


def _case(entry: Spec) -> Case:
    topology = entry["topology"]
    return Case(
        id=entry["id"],
        category=entry.get("category", ""),
        nodes=topology["nodes"],
        outputs=topology["outputs"],
        inputs=entry["inputs"],
        expected=entry.get("expected"),
        level=entry.get("asserts", "ordered_per_node"),
        optional=not OPTIONAL.isdisjoint(entry.get("tags", ())),
        config=entry.get("config", {}),
    )
