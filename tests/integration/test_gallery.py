"""The gallery's answers by the real worker: the known ones of real data, and those of a small file in another order."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamapp.cli.gallery.answers import ANSWERS
from streamapp.cli.gallery.run import Stage
from tests.gallery import plain
from tests.gallery.known import PARTS, different, processed

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "fixtures" / "retail-small.csv"
QUICK = ("week", "nab", "nasa")


def answer(*arguments: str) -> bytes:
    """What `streamapp gallery answer` prints."""
    command = [sys.executable, "-m", "streamapp", "gallery", "answer", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMAPP_")}
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, timeout=240, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    """All quick parts, processed by one worker."""
    with processed([PARTS[name] for name in QUICK]) as made:
        yield made


@pytest.mark.shared
@pytest.mark.parametrize("name", QUICK)
def test_real_data_gives_the_known_answers(on: Stage, name: str) -> None:
    """Every answer that is known of a week of invoices, a sensor, and a day of a web server, by checksum."""
    part = PARTS[name]
    assert part.checksums.keys() <= ANSWERS.keys()
    assert different(part, on) == []


@pytest.mark.shared
def test_four_partitions_give_the_same_where_order_does_not_matter() -> None:
    """Orders and money of each customer of the real week."""
    printed = answer("b_customer", "--input", str(PARTS["week"].path), "--partitions", "4")
    assert hashlib.sha256(printed).hexdigest() == PARTS["week"].checksums["b_customer"]


def test_rows_go_out_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    """Forty rows, shuffled; some are late then, and which ones plain arithmetic knows too."""
    order = random.Random(5).sample(range(40), 40)
    listed = tmp_path / "order.txt"
    listed.write_text("".join(f"{row}\n" for row in order), encoding="utf-8")
    rows = plain.retail(SMALL)
    expected = plain.RETAIL["c_hour_country"]([rows[index] for index in order])
    assert sorted(expected) != sorted(plain.RETAIL["c_hour_country"](rows)), "no row is late"
    printed = answer("c_hour_country", "--input", str(SMALL), "--order", str(listed))
    assert printed.decode().splitlines() == sorted(expected, key=str.encode)
