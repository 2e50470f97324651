"""Every case of Kafka Streams gives Kafka's results, however it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamapp.testing.conformance.cases import read_cases
from streamapp.testing.conformance.command import answers, failures
from streamapp.testing.conformance.runner import Way

WAYS = {
    "memory": Way(),
    "rocksdb": Way(store="rocksdb"),
    "restored between any two records": Way(restore_every=1),
    "restored at random": Way(restore_every="random"),
    "restored at random from rocksdb": Way(store="rocksdb", restore_every="random"),
    "batches at random": Way(batch="random"),
    "batches and restores at random": Way(batch="random", restore_every="random", seed=1),
}

SIZES = {"kafka-cases.json": 158, "generated.json": 600}

RUNS = [
    (file, way)
    for file in SIZES
    for way in WAYS
    if (file, way) != ("generated.json", "restored at random from rocksdb")  # takes minutes: left to the command
]


@pytest.mark.shared
@pytest.mark.parametrize(("file", "way"), RUNS)
def test_every_case_gives_kafkas_results(shared: Path, file: str, way: str) -> None:
    """Names the cases that do not; those that show artefacts of Kafka's own stores are not counted."""
    cases = read_cases(shared / file)
    assert len(cases) == SIZES[file]
    wrong = failures(cases, *answers(cases, WAYS[way]))
    counted = [case.id for case in cases if case.id in wrong and not case.optional]
    assert not counted, "\n\n".join([", ".join(counted), *(f"{id_} {wrong[id_]}" for id_ in counted[:3])])
