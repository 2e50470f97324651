"""Cases of our own making, answered by the rules: they need nothing beside the clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamapp.testing.conformance.cases import Case, read_cases
from streamapp.testing.conformance.command import answers, failures
from streamapp.testing.conformance.runner import Way

CASES = read_cases(Path(__file__).parent / "cases.json")

WAYS = {
    "memory": Way(),
    "rocksdb": Way(store="rocksdb"),
    "restored between any two records": Way(restore_every=1),
    "restored from rocksdb": Way(store="rocksdb", restore_every=1),
    "batches": Way(batch=3),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_gives_what_the_rules_say(case: Case, way: str) -> None:
    """However it is run."""
    wrong = failures([case], *answers([case], WAYS[way]))
    assert not wrong, wrong[case.id]
