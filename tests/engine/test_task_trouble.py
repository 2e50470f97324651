"""What is not the record's fault is never taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamapp import Processor, ProcessorContext, Record, Topic, Topology, stream
from streamapp.engine.plan import plan
from streamapp.engine.task import Task
from streamapp.formats import codec_for
from streamapp.state import DamagedStateError, Identity, Position, TaskState
from tests.engine.tasks import row

WORDS = Topic("words", key=str, value=str)
WORDS_OUT = Topic("words-out", key=str, value=str)
TOPOLOGY = Topology("words", stream(WORDS).group_by_key().count("per-key"))


def test_a_store_that_cannot_be_read_sends_no_record_to_the_dead_letters(tmp_path: Path) -> None:
    """The damage is raised, so that the folder can be put aside and the record be processed again."""
    (sub,) = plan(TOPOLOGY, codec_for).subtopologies
    folder = tmp_path / "0_0"
    for turn in range(2):  # a database that was opened again has written its log into a file
        state = TaskState.open(folder, sub.stores, Identity())
        task = Task(sub, 0, state.stores, application="app")
        task.process("words", [row(number, f"key-{number}", "x" * 20) for number in range(500)])
        state.commit(Position(sources={"words": 500 * (turn + 1)}))
        state.close()
    for file in folder.glob("*.sst"):
        data = bytearray(file.read_bytes())
        if len(data) > 3000:  # the rows, and not the position: the folder opens well
            data[20] ^= 1
            file.write_bytes(data)
    with pytest.raises(DamagedStateError):
        _count_again(folder)


def _count_again(folder: Path) -> None:
    """Opens the folder, if it can be opened, and reads every row."""
    (sub,) = plan(TOPOLOGY, codec_for).subtopologies
    state = TaskState.open(folder, sub.stores, Identity())
    task = Task(sub, 0, state.stores, application="app")
    try:
        task.process("words", [row(1000 + number, f"key-{number}", "x") for number in range(500)])
        assert not task.dead_letters
    finally:
        state.close()


class Reading(Processor[str, str, str, str]):
    """Looks into its store once in 10 ms, and finds damage."""

    def __init__(self, damage: Exception) -> None:
        self._damage = damage

    def init(self, context: ProcessorContext[str, str]) -> None:
        """Asks to be called."""
        context.schedule(10, "wall_clock", self._look)

    def _look(self, _now: int) -> None:
        raise self._damage

    def process(self, record: Record[str, str]) -> None:
        """Takes no notice."""


def test_a_store_that_cannot_be_read_by_the_clock_is_raised_too(tmp_path: Path) -> None:
    """A call without a record fails as a record does: the damage is raised, and blamed on nobody's function."""
    damage = DamagedStateError(tmp_path, "a block is missing")
    made = Topology("looking", stream(WORDS).process(lambda: Reading(damage), "looking").to(WORDS_OUT))
    (sub,) = plan(made, codec_for).subtopologies
    task = Task(sub, 0, TaskState.open(None, sub.stores, Identity()).stores, application="app")
    task.punctuate(0)
    with pytest.raises(DamagedStateError) as caught:
        task.punctuate(10)
    assert caught.value is damage
    assert not task.dead_letters
