"""The first example of the documentation, letter for letter: it loads, is described as by Kafka, and runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = '''"""Page views per country, in five-minute windows."""

from streamapp import MINUTE, SECOND, Topology, stream, table, tumbling

from topologies.events import COUNTRY_COUNTS, PAGE_VIEWS, USERS, CountryView, PageView, User


def is_human(view: PageView) -> bool:
    return not view.is_bot


def with_country(view: PageView, user: User) -> CountryView:
    return CountryView(country=user.country, page=view.page)


users = table(USERS, "users")

views_per_country = (
    stream(PAGE_VIEWS)
    .filter(is_human)
    .join(users, with_country)
    .group_by(lambda view: view.country, "by-country")
    .windowed_by(tumbling(5 * MINUTE, grace=30 * SECOND))
    .count("views-per-country")
)

topology = Topology("country-counts", views_per_country.to_stream().to(COUNTRY_COUNTS))
'''

EVENTS = '''"""The catalogue."""

from __future__ import annotations

from msgspec import Struct

from streamapp import Topic, Windowed


class PageView(Struct, frozen=True):
    page: str
    is_bot: bool = False


class User(Struct, frozen=True):
    country: str


class CountryView(Struct, frozen=True):
    country: str
    page: str


PAGE_VIEWS = Topic("page-views", key=str, value=PageView)
USERS = Topic("users", key=str, value=User)
COUNTRY_COUNTS = Topic("country-counts", key=Windowed[str], value=int)
'''

RUN = """
from streamapp.testing.driver import TopologyDriver
from topologies import country_counts
from topologies.events import COUNTRY_COUNTS, PAGE_VIEWS, USERS, PageView, User

with TopologyDriver(country_counts.topology) as driver:
    driver.pipe(USERS, "ada", User("England"), timestamp=0)
    driver.pipe(PAGE_VIEWS, "ada", PageView("/"), timestamp=1_000)
    driver.pipe(PAGE_VIEWS, "ada", PageView("/", is_bot=True), timestamp=2_000)
    driver.pipe(PAGE_VIEWS, "bob", PageView("/"), timestamp=3_000)
    driver.pipe(PAGE_VIEWS, "ada", PageView("/sale"), timestamp=4_000)
    for key, value in driver.pairs(COUNTRY_COUNTS):
        print(key.key, key.start, key.end, value)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of an author, with the example in it."""
    package = tmp_path / "topologies"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "events.py").write_text(EVENTS, encoding="utf-8")
    (package / "country_counts.py").write_text(EXAMPLE, encoding="utf-8")
    return tmp_path


def python(project: Path, *arguments: str) -> str:
    """Runs Python in the project; gives what it prints."""
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_is_described_as_kafka_does(project: Path) -> None:
    """The same steps in Java are described with the same words."""
    program = (
        "from streamapp import describe; from topologies.country_counts import topology; "
        "print(describe(topology), end='')"
    )
    expected = Path(__file__).parent / "described" / "example.txt"
    assert python(project, "-c", program) == expected.read_text(encoding="utf-8")


def test_counts(project: Path) -> None:
    """Bots and unknown users are not counted; the rest is, by country and window."""
    assert python(project, "-c", RUN) == "England 0 300000 1\nEngland 0 300000 2\n"


def test_is_strictly_typed(project: Path) -> None:
    """`mypy --strict` has nothing to say."""
    cache = Path(__file__).parents[3] / ".mypy_cache" / "snippets"
    python(project, "-m", "mypy", "--strict", "--cache-dir", str(cache), "topologies/country_counts.py")
