"""Real input, end to end: a file is imported, the worker sums it up, and the table is compared by checksum.

The same after the worker was killed in the middle, and after its state was lost.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import os
import shutil
import urllib.request
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from streamapp.kafka import Admin
from streamapp.kafka.broker.server import Broker
from streamapp.worker.metadata import decode_metadata
from tests.integration.worker.conftest import PATIENCE, Bench, until

SMALL = Path(__file__).parents[1] / "fixtures" / "retail-small.csv"
REAL = Path(__file__).parents[3] / "shared" / "realdata"
WEEK = REAL / "data" / "online-retail-week.csv.gz"
TABLE = "revenue-per-hour"
COLUMNS = "key,window.start,value.rows,value.pence"


@dataclass(frozen=True)
class Source:
    """A broker of its own, since the topology's topic has one name, with a file on that topic."""

    file: Path
    partitions: int
    servers: str
    rows: int = 0


def load(bench: Bench, source: Source) -> int:
    """Imports the file, and gives the number of its rows."""
    out = bench.run("import", "online-retail", str(source.file), "--partitions", str(source.partitions))
    counted: dict[str, int] = json.loads(out.splitlines()[-1])
    assert counted["rows"] == counted["events"]
    return counted["rows"]


@dataclass
class Shop:
    """The topology `revenue` as a group of the test's own."""

    bench: Bench
    source: Source

    def process(self) -> None:
        """Lets a worker do what there is to do."""
        self.bench.run("revenue", "run", "--until-end")

    def table(self) -> list[str]:
        """The lines of the table, sorted as `LC_ALL=C sort` does."""
        text = self.bench.run("revenue", "table", TABLE, "--format", "csv", "--columns", COLUMNS)
        return sorted(text.splitlines(keepends=True), key=str.encode)

    def late(self) -> int:
        """The rows that were late for the table, ever."""
        return self.late_by_table()[TABLE]

    def late_by_table(self) -> Counter[str]:
        """The rows that were late for each table, ever, as is committed with the offsets."""
        return asyncio.run(self._late())

    async def _late(self) -> Counter[str]:
        async with await Admin.connect(self.source.servers) as admin:
            found = await admin.committed(f"{self.bench.prefix}-revenue")
        known = [decode_metadata(data) for (topic, _), (_, data) in found.items() if topic.endswith("-repartition")]
        assert known
        return sum((Counter(metadata.late) for metadata in known), Counter())

    def late_shown(self) -> int:
        """The rows that were late since the worker that runs began, as its pages show."""
        address = json.loads((self.state / "worker.json").read_text(encoding="utf-8"))["web"]
        with urllib.request.urlopen(f"{address}/api/v1/topologies/revenue") as answer:  # noqa: S310 - our own worker
            late: int = json.load(answer)["counters"]["late"]
        return late

    def kill_in_the_middle(self) -> None:
        """Starts a worker, and kills it when it has committed some of the rows but not all."""
        worker = self.bench.start("revenue", "run", "--commit-interval", "0.01")
        done = asyncio.run(self._some())
        self.bench.kill(worker)
        assert 0 < done < self.source.rows
        assert self.bench.lag("revenue") > 0

    async def _some(self) -> int:
        """The first number of committed rows that is seen."""
        async with await Admin.connect(self.source.servers) as admin:
            async with asyncio.timeout(PATIENCE):
                while True:
                    found = await admin.committed(f"{self.bench.prefix}-revenue")
                    done = sum(offset for (topic, _), (offset, _) in found.items() if topic == "retail")
                    if done > 0:
                        return done

    @property
    def state(self) -> Path:
        """Where the worker keeps its state."""
        return self.bench.folder / "state" / self.bench.prefix


def bench_of(servers: str, folder: Path) -> Bench:
    """Commands against a broker, as a group that nobody else is, with the shop's own topologies."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMAPP_")}
    environment |= {
        "STREAMAPP_BOOTSTRAP_SERVERS": servers,
        "STREAMAPP_APPLICATION": prefix,
        "STREAMAPP_STATE_DIR": str(folder / "state"),
    }
    return Bench(environment, folder, prefix)


@pytest.fixture(scope="module")
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The file and the number of partitions that a test asks for, imported once for all that ask for the same."""
    file, partitions = request.param
    folder = tmp_path_factory.mktemp("retail")
    server = Broker(folder / "broker")
    try:
        made = Source(file, partitions, server.start().bootstrap_servers)
        yield replace(made, rows=load(bench_of(made.servers, folder), made))
    finally:
        server.stop()


@pytest.fixture
def shop(source: Source, tmp_path: Path) -> Iterator[Shop]:
    """A group that has read nothing yet."""
    bench = bench_of(source.servers, tmp_path)
    yield Shop(bench, source)
    for process in bench.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def expected_of(path: Path) -> list[str]:
    """The answer for a file by the standard library alone: decimals, rounded half to even per row."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    with path.open(encoding="utf-8", newline="") as file:
        for fields in csv.DictReader(file):
            exact = int(fields["Quantity"]) * Decimal(fields["UnitPrice"]) * 100
            seconds = int(datetime.fromisoformat(fields["InvoiceDate"]).replace(tzinfo=UTC).timestamp())
            total = sums[fields["Country"], (seconds - seconds % 3600) * 1000]
            total[0] += 1
            total[1] += int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    found = (f"{country},{start},{rows},{pence}\n" for (country, start), (rows, pence) in sums.items())
    return sorted(found, key=str.encode)


def matches(shop: Shop) -> None:
    """Fails the test when the table is not the known answer, or a row is missing from it."""
    known = json.loads((REAL / "expected" / "expected.json").read_text(encoding="utf-8"))["week"]["c_hour_country"]
    table = shop.table()
    checksum = hashlib.sha256("".join(table).encode()).hexdigest()
    assert (len(table), checksum) == (known["lines"], known["sha256"])
    assert rows_in(table) == shop.source.rows


def rows_in(lines: list[str]) -> int:
    """How many rows of the file are in the table."""
    return sum(int(line.split(",")[-2]) for line in lines)


def asks_for(*sources: tuple[Path, int]) -> pytest.MarkDecorator:
    """Runs a test on each of these files, in so many partitions."""
    names = [f"{file.name.partition('.')[0]}-{partitions}" for file, partitions in sources]
    return pytest.mark.parametrize("source", sources, indirect=True, ids=names)


@asks_for((SMALL, 1))
def test_a_small_file_is_summed_up_exactly(shop: Shop) -> None:
    """With dirt of every kind; and again when the state folder is gone, and when the same rows come once more."""
    assert shop.source.rows == 40
    shop.process()
    expected = expected_of(SMALL)
    assert shop.table() == expected
    shutil.rmtree(shop.state)
    shop.process()
    assert shop.table() == expected
    assert shop.late() == 0
    load(shop.bench, shop.source)
    shop.process()
    assert shop.late() == 39, "but the newest all rows of the second time are late"
    assert rows_in(shop.table()) == 41


@pytest.mark.shared
@asks_for((WEEK, 1))
def test_a_real_file_gives_the_known_answer(shop: Shop) -> None:
    """By checksum; and the same when a worker has started on no state at all."""
    shop.process()
    matches(shop)
    shutil.rmtree(shop.state)
    shop.process()
    matches(shop)


@pytest.mark.shared
@asks_for((WEEK, 1))
def test_a_kill_in_the_middle_changes_nothing(shop: Shop) -> None:
    """SIGKILL between two commits: the same answer."""
    shop.kill_in_the_middle()
    shop.process()
    matches(shop)
    assert shop.late() == 0


@pytest.mark.shared
@asks_for((WEEK, 1))
def test_nor_does_a_kill_that_costs_the_state_folder(shop: Shop) -> None:
    """What was committed comes back from the changelog, and the rest is processed."""
    shop.kill_in_the_middle()
    shutil.rmtree(shop.state)
    shop.process()
    matches(shop)
    assert shop.late() == 0


@pytest.mark.shared
@asks_for((WEEK, 4))
def test_on_four_partitions_every_row_is_counted_or_late(shop: Shop) -> None:
    """A replay at full speed may find rows late, as in Kafka Streams; none is lost, and none counted twice."""
    worker = shop.bench.start("revenue", "run")
    until(lambda: shop.bench.lag("revenue") == 0, "all rows are processed")
    table = shop.table()
    shown = shop.late_shown()
    shop.bench.stop(worker)
    assert shown == shop.late_by_table().total()
    assert shop.late() == shop.source.rows - rows_in(table)
    assert shop.table() == table
    assert len({tuple(line.split(",")[:-2]) for line in table}) == len(table)
