"""What a sink's topic would refuse fails its record, and nothing of that record stays."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Topic, Topology, stream
from streamapp.dsl.processor import Headers
from streamapp.engine.limits import Limits, batch_size
from streamapp.engine.plan import plan
from streamapp.engine.task import Task
from streamapp.errors import OutputRefusedError
from streamapp.formats import codec_for
from streamapp.state import Identity, TaskState

IN = Topic("in", key=str, value=str)
OUT = Topic("out", key=str, value=str)

NOW = 1_000_000

bytes_or_none = st.none() | st.binary(max_size=300)


@given(bytes_or_none, bytes_or_none, st.lists(st.tuples(st.text(max_size=5), bytes_or_none), max_size=3))
def test_sizes_are_those_of_real_batches(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    """To the byte, as the client library writes them."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    builder.append(0, 5, key, value, headers)
    assert batch_size(key, value, tuple(headers)) == builder.size()


def limits(size: int = 1_000, *, keyed: bool = False) -> Limits:
    """A topic that takes stamps of the last 100 ms and the next 10."""
    made = Limits("out", 4, size, before=100, after=10, keyed=keyed)
    made.advance(NOW)
    return made


@pytest.mark.parametrize(
    ("timestamp", "key", "value", "headers", "reason"),
    [
        (NOW + 11, b"k", b"v", (), "message.timestamp.after.max.ms"),
        (NOW - 101, b"k", b"v", (), "message.timestamp.before.max.ms"),
        (NOW, None, b"v", (), "compacted"),
        (NOW, b"k", b"v" * 1_000, (), "max.message.bytes"),
        (NOW, b"k", b"v", (("h", b"v" * 1_000),), "max.message.bytes"),
    ],
)
def test_the_reason_is_named(timestamp: int, key: bytes | None, value: bytes, headers: Headers, reason: str) -> None:
    """With the topic and its option."""
    with pytest.raises(OutputRefusedError, match=f"(?s)out.*{reason}|{reason}"):
        limits(keyed=True).check(timestamp, key, value, headers)


def test_what_just_fits_is_accepted() -> None:
    """At the bounds of time, and to the last byte."""
    value = b"v" * 500
    exact = limits(batch_size(b"k", value, ()))
    for timestamp in (NOW - 100, NOW + 10):
        exact.check(timestamp, b"k", value, ())
    with pytest.raises(OutputRefusedError):
        exact.check(NOW, b"k", value + b"v", ())


def letters(topology: Topology, *values: str) -> tuple[list[bytes | None], list[str], dict[str, int]]:
    """The outputs, the reasons of the dead letters, and the counts, for values of one key."""
    (sub,) = plan(topology, codec_for).subtopologies
    state = TaskState.open(None, sub.stores, Identity())
    task = Task(sub, 0, state.stores, application="t", limits=[limits()])
    task.process("in", [(at, NOW, b"k", value.encode(), ()) for at, value in enumerate(values)])
    counts = {row.key: row.value for spec in sub.stores for row in state.scan(spec.name)}
    return [output[3] for output in task.take_outputs()], [letter.stage for letter in task.dead_letters], counts


def test_a_record_with_a_result_that_is_too_large_leaves_nothing() -> None:
    """It is a dead letter of the stage "produce"; what it has counted is undone."""
    topology = Topology("t", stream(IN).group_by_key().count("n"), stream(IN).to(OUT))
    outputs, stages, counts = letters(topology, "a", "b" * 2_000, "c")
    assert (outputs, stages, counts) == ([b"a", b"c"], ["produce"], {"k": 2})


def test_so_does_one_for_which_the_author_names_a_partition_there_is_not() -> None:
    """The partitioner is asked while the record can still be undone."""
    end = stream(IN).to(OUT, partitioner=lambda value, count: len(value))
    outputs, stages, _ = letters(Topology("t", end), "a", "bbbb", "c")
    assert (outputs, stages) == ([b"a", b"c"], ["produce"])
