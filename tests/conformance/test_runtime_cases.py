"""The cases of Kafka's own runtime: when punctuations come, and which partition's record is next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamapp import Processor, ProcessorContext, Record, Topic, Topology, stream
from streamapp.dsl.processor import TimeKind
from streamapp.engine.queues import NEVER_WAIT, RecordQueues
from streamapp.testing.driver import TopologyDriver

pytestmark = pytest.mark.shared

ONE, TWO = Topic("one", key=str, value=int), Topic("two", key=str, value=int)


class Calling(Processor[str, int, str, int]):
    """Notes when it is called, and with what records."""

    def __init__(self, kind: TimeKind, interval: int) -> None:
        self.kind, self.interval = kind, interval
        self.called: list[int] = []
        self.processed: list[int] = []

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Schedules the calls."""
        context.schedule(self.interval, self.kind, self.called.append)

    def process(self, record: Record[str, int]) -> None:
        """Notes the record's time."""
        self.processed.append(record.timestamp)


def runtime_case(shared: Path, name: str) -> dict[str, Any]:
    """The case called `name`."""
    cases = json.loads((shared / "kafka-cases.json").read_bytes())["runtime_cases"]
    found: dict[str, Any] = next(case for case in cases if case["id"] == name)
    return found


def calling(case: dict[str, Any]) -> tuple[Calling, Topology]:
    """A processor with the schedule of the case, and a topology of it that reads two topics."""
    processor = Calling(case["schedule"]["type"], case["schedule"]["interval_ms"])
    return processor, Topology("t", stream(ONE, TWO).process(lambda: processor, "calling").for_each(lambda value: None))


def test_punctuate_stream_time_10ms(shared: Path) -> None:
    """punctuate/stream-time-10ms: the first record brings the first call; then on a grid from 0."""
    case = runtime_case(shared, "punctuate/stream-time-10ms")
    processor, topology = calling(case)
    with TopologyDriver(topology) as driver:
        for timestamp in case["record_ts"]:
            driver.pipe(ONE, "k", 1, timestamp=timestamp)
    assert processor.called == case["punctuated_at"]


def test_punctuate_wall_clock_10ms(shared: Path) -> None:
    """punctuate/wall-clock-10ms: first after an interval; the argument is the time it is."""
    case = runtime_case(shared, "punctuate/wall-clock-10ms")
    processor, topology = calling(case)
    with TopologyDriver(topology, wall_clock=case["schedule"]["start_wallclock"]) as driver:
        for by in case["advance_ms"]:
            driver.advance(by)
    assert processor.called == case["punctuated_at"]


def test_punctuate_stream_time_gap_once(shared: Path) -> None:
    """punctuate/stream-time-gap-once: one call after a gap; records of two partitions come by their time."""
    case = runtime_case(shared, "punctuate/stream-time-gap-once")
    processor, topology = calling(case)
    with TopologyDriver(topology) as driver:
        (task,) = driver._tasks
        for topic, number in (("one", "1"), ("two", "2")):
            for offset, timestamp in enumerate(case["partitions"][number]):
                task.add(topic, (offset, timestamp, b"k", b"1", ()))
        driver._run()
    assert processor.processed == case["processing_order_ts"]
    assert processor.called == case["punctuated_at"]


def test_punctuate_wall_clock_gap_once(shared: Path) -> None:
    """punctuate/wall-clock-gap-once: one call after a gap, and then on the grid again."""
    case = runtime_case(shared, "punctuate/wall-clock-gap-once")
    processor, topology = calling(case)
    begin = 1_000_003
    with TopologyDriver(topology, wall_clock=begin) as driver:
        for by in case["sleeps_ms"]:
            driver.advance(by)
    assert [time - begin for time in processor.called] == case["punctuated_at_offset"]


def test_partition_group_time_tracking(shared: Path) -> None:
    """partition-group/time-tracking: always the partition with the oldest head; stream time never goes back."""
    case = runtime_case(shared, "partition-group/time-tracking")
    queues = RecordQueues([("1", 0), ("2", 0)], NEVER_WAIT)
    offsets = {"1": 0, "2": 0}
    stream_time = -1
    for step in case["steps"]:
        for partition, timestamps in step.get("add", {}).items():
            first = offsets[partition]
            offsets[partition] += len(timestamps)
            rows = [(first + at, timestamp, None, None, ()) for at, timestamp in enumerate(timestamps)]
            queues.add(partition, 0, rows, offsets[partition])
        taken = []
        for _ in step.get("take", ()):
            run = queues.take(0, 1)
            assert run is not None
            partition, _, ((_, timestamp, *_),), _ = run
            stream_time = max(stream_time, timestamp)
            taken.append([partition, timestamp, stream_time])
        assert taken == step.get("take", [])
