"""The topology `revenue`: exact sums per country and hour, on made-up rows, a small file and the real week."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from streamapp import DAY, HOUR, Windowed
from streamapp.cli.importers.files import lines_of
from streamapp.cli.importers.online_retail import events
from streamapp.testing.driver import TopologyDriver
from topologies.analytics import revenue
from topologies.analytics.events import Revenue
from topologies.events import RETAIL, RetailRow

SMALL = Path(__file__).parents[1] / "fixtures" / "retail-small.csv"
REAL = Path(__file__).parents[3] / "shared" / "realdata"
TABLE = "revenue-per-hour"
NINE = 9 * HOUR


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(revenue.topology) as running:
        yield running


def row(country: str, pence: int, quantity: int = 1) -> RetailRow:
    """An invoice line of which only country and amount matter."""
    return RetailRow(0, "1", "sku", "", quantity, pence * 10, pence, None, country)


def window(country: str, start: int) -> Windowed[str]:
    """The hour of a country that begins at `start` (ms)."""
    return Windowed(country, start, start + HOUR)


def read_file(driver: TopologyDriver, path: Path) -> None:
    """All rows of a file, in its order."""
    for timestamp, key, value in events(lines_of(path), path.name):
        driver.pipe_bytes(RETAIL, key, value, timestamp)


def lines(driver: TopologyDriver) -> list[str]:
    """The table as `--format csv --columns key,window.start,value.rows,value.pence` prints it, sorted by bytes."""
    rows = driver.table(TABLE).items()
    return sorted((f"{at.key},{at.start},{sums.rows},{sums.pence}\n" for at, sums in rows), key=str.encode)


def test_rows_are_summed_by_country_and_hour(driver: TopologyDriver) -> None:
    """Whatever their keys; the first millisecond of an hour belongs to it."""
    driver.pipe(RETAIL, None, row("France", 100), timestamp=NINE)
    driver.pipe(RETAIL, "17850", row("France", 250), timestamp=NINE + HOUR - 1)
    driver.pipe(RETAIL, "17850", row("EIRE", 7), timestamp=NINE + HOUR - 1)
    driver.pipe(RETAIL, "17850", row("France", 1), timestamp=NINE + HOUR)
    assert driver.table(TABLE) == {
        window("France", NINE): Revenue(2, 350),
        window("EIRE", NINE): Revenue(1, 7),
        window("France", NINE + HOUR): Revenue(1, 1),
    }


def test_cancellations_count_negative(driver: TopologyDriver) -> None:
    """They are rows as others are, and take back what they cancel."""
    driver.pipe(RETAIL, "17850", row("France", 500, 2), timestamp=NINE)
    driver.pipe(RETAIL, "17850", row("France", -500, -2), timestamp=NINE + 1)
    driver.pipe(RETAIL, "17850", row("France", -75, -1), timestamp=NINE + 2)
    assert driver.table(TABLE) == {window("France", NINE): Revenue(3, -75)}


def test_an_hour_stays_open_for_another_hour(driver: TopologyDriver) -> None:
    """Until stream time reaches its end and the grace; from then on a row is late, dropped and counted."""
    driver.pipe(RETAIL, None, row("France", 1), timestamp=NINE)
    driver.pipe(RETAIL, None, row("France", 10), timestamp=NINE + 2 * HOUR - 1)
    driver.pipe(RETAIL, None, row("France", 2), timestamp=NINE + HOUR - 1)
    assert driver.table(TABLE)[window("France", NINE)] == Revenue(2, 3)
    assert sum(driver.late.values()) == 0
    driver.pipe(RETAIL, None, row("France", 20), timestamp=NINE + 2 * HOUR)
    driver.pipe(RETAIL, None, row("France", 4), timestamp=NINE + HOUR - 1)
    assert driver.table(TABLE)[window("France", NINE)] == Revenue(2, 3)
    assert driver.late[TABLE] == 1


def test_stream_time_is_that_of_all_countries(driver: TopologyDriver) -> None:
    """On one partition a row of one country closes the hours of the others."""
    driver.pipe(RETAIL, None, row("EIRE", 1), timestamp=NINE + 2 * HOUR)
    driver.pipe(RETAIL, None, row("France", 1), timestamp=NINE)
    assert driver.table(TABLE) == {window("EIRE", NINE + 2 * HOUR): Revenue(1, 1)}
    assert driver.late[TABLE] == 1


def test_hours_are_kept_for_800_days(driver: TopologyDriver) -> None:
    """The data set spans 374 days; what is older than the retention goes."""
    driver.pipe(RETAIL, None, row("France", 1), timestamp=NINE)
    driver.pipe(RETAIL, None, row("France", 2), timestamp=NINE + 800 * DAY - 1)
    driver.commit()
    assert window("France", NINE) in driver.table(TABLE)
    driver.pipe(RETAIL, None, row("France", 3), timestamp=NINE + 801 * DAY)
    driver.commit()
    assert window("France", NINE) not in driver.table(TABLE)


def test_sums_and_times_survive_a_restart(driver: TopologyDriver) -> None:
    """What was late before is late after, and sums go on."""
    driver.pipe(RETAIL, None, row("France", 1), timestamp=NINE)
    driver.pipe(RETAIL, None, row("France", 2), timestamp=NINE + 2 * HOUR)
    driver.restart()
    driver.pipe(RETAIL, None, row("France", 4), timestamp=NINE)
    driver.pipe(RETAIL, None, row("France", 8), timestamp=NINE + 2 * HOUR)
    assert driver.table(TABLE) == {
        window("France", NINE): Revenue(1, 1),
        window("France", NINE + 2 * HOUR): Revenue(2, 10),
    }
    assert driver.late[TABLE] == 1


def expected_of(path: Path) -> list[str]:
    """The answer by the standard library alone: decimals, rounded half to even per row."""
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


def test_a_file_gives_what_plain_arithmetic_says(driver: TopologyDriver) -> None:
    """Row for row, with all the dirt that real files have."""
    read_file(driver, SMALL)
    assert lines(driver) == expected_of(SMALL)
    assert driver.dead_letters == []
    assert driver.late == {} or not any(driver.late.values())


@pytest.mark.shared
@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_the_real_week_gives_the_known_answer(store: str) -> None:
    """16,588 rows of a wholesaler, by checksum; no row is late, since the file is in the order of time."""
    answer = json.loads((REAL / "expected" / "expected.json").read_text(encoding="utf-8"))["week"]["c_hour_country"]
    with TopologyDriver(revenue.topology, store="rocksdb" if store == "rocksdb" else "memory") as driver:
        read_file(driver, REAL / "data" / "online-retail-week.csv.gz")
        found = lines(driver)
        assert not any(driver.late.values())
    if hashlib.sha256("".join(found).encode()).hexdigest() != answer["sha256"]:
        with gzip.open(REAL / "expected" / answer["file"], "rt", encoding="utf-8") as file:
            assert found == list(file)
        pytest.fail("the checksum and the lines of the expected answer disagree")
