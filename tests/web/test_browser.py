"""The pages in a real browser, on a runtime in memory: rows, live updates, narrow and wide, light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import HOUR
from tests.unit.web.memory import windowed
from tests.web.browser import Window
from tests.web.served import Served

EIGHT = 1_291_190_400_000
"""2010-12-01T08:00:00Z."""

REVENUE = "/topologies/revenue/tables/revenue-per-hour"
USERS = "/topologies/enrichment/tables/users"
PAGES = ["/", "/topologies/revenue", "/topologies/enrichment", REVENUE, USERS]

EVIL = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"


def put(served: Served, table: str, *rows: dict[str, Any]) -> None:
    """A commit that puts rows on top."""
    name = "revenue" if table == "revenue-per-hour" else "enrichment"
    served.call(lambda: served.runtime.applications[name].put(table, *rows))


def user(key: str, value: Any) -> dict[str, Any]:
    """A row of the table `users`."""
    return {"key": key, "window": None, "value": value, "timestamp": EIGHT}


@pytest.fixture
def filled(served: Served) -> Served:
    """Rows in both tables, one of them hostile."""
    put(
        served,
        "revenue-per-hour",
        *(
            windowed(country, EIGHT + hour * HOUR, 1000 + hour, 1_234_567)
            for hour in (2, 1, 0)
            for country in ("United Kingdom", "EIRE", EVIL)
        ),
    )
    put(served, "users", user("ada", "A"), user("bob", "B" * 500), user(EVIL, EVIL))
    return served


@pytest.mark.usefixtures("filled")
def test_a_table_shows_its_rows(window: Window) -> None:
    """Keys, windows as from and to, values; what looks like markup is text."""
    window.open(REVENUE)
    assert window.texts(".rows thead th") == ["Key", "From", "To", "rows", "pence", "Timestamp"]
    assert window.texts(".rows tbody tr:first-child > *") == [
        "United Kingdom",
        "2010-12-01T10:00:00Z",
        "2010-12-01T11:00:00Z",
        "1002",
        "1234567",
        "2010-12-01T10:00:01Z",
    ]
    assert window.texts(".rows tbody th").count(EVIL) == 3
    assert window.driver.title == "revenue-per-hour · revenue · streamapp"


def test_rows_change_without_a_reload(window: Window, filled: Served) -> None:
    """The cell that changed is marked, rows that are new come on top, and the page is the same page."""
    window.open(USERS)
    window.until(lambda: window.texts("#live-state") == ["Live"], "the page is live")
    window.value("document.body.dataset.same = 'yes'")
    put(filled, "users", user("ada", "changed"))
    window.until(lambda: window.texts(".rows tbody tr:first-child td:nth-child(2)") == ["changed"], "the new value")
    assert window.texts(".rows td.fresh") == ["changed"]
    put(filled, "users", user("new", EVIL))
    window.until(lambda: window.texts(".rows tbody th")[:2] == ["new", "ada"], "the new row")
    assert window.texts(".rows tr.fresh th") == ["new"]
    assert window.value("return document.body.dataset.same") == "yes"
    assert window.driver.title == "users · enrichment · streamapp"


def test_what_a_reader_has_opened_stays_open(window: Window, filled: Served) -> None:
    """A long value that is unfolded stays unfolded when rows change."""
    window.open(USERS)
    window.click(".rows details summary")
    put(filled, "users", user("new", "x"))
    window.until(lambda: "new" in window.texts(".rows tbody th"), "the new row")
    assert window.texts(".rows details[open] pre") == ["B" * 500]


def test_live_updates_can_be_paused(window: Window, filled: Served) -> None:
    """Nothing moves under a reader who wants it so; on resuming all is fresh."""
    window.open(USERS)
    window.until(lambda: window.texts("#live-state") == ["Live"], "the page is live")
    window.click("#live-switch")
    assert window.texts("#live-state") == ["Paused"]
    put(filled, "users", user("ada", "changed"))
    assert "changed" not in window.texts(".rows td")
    window.click("#live-switch")
    window.until(lambda: "changed" in window.texts(".rows td"), "the rows after the pause")


def test_numbers_of_a_topology_follow(window: Window, filled: Served) -> None:
    """On its page and on the overview, with the state."""
    revenue = filled.runtime.applications["revenue"]

    def shows(count: int) -> None:
        filled.call(lambda: revenue.counts.update(dead_letters=count))
        window.until(lambda: f"Dead letters\n{count}" in window.texts(".stat"), f"{count} dead letters")

    for path, count in (("/topologies/revenue", 5), ("/", 10)):
        window.open(path)
        window.until(lambda: window.texts("#live-state") == ["Live"], "the page is live")
        shows(count)
    filled.call(lambda: setattr(revenue, "state", "failed"))
    window.until(lambda: window.texts(".list .state") == ["failed", "running"], "the state")


@pytest.mark.usefixtures("filled")
def test_a_search_is_an_address(window: Window) -> None:
    """Empty fields stay out of it; slash goes to the field; the found rows are live too."""
    window.open(REVENUE)
    window.value(
        "document.querySelector('main').dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))"
    )
    assert window.value("return document.activeElement.id") == "search"
    window.value("document.activeElement.value = 'EI'")
    window.click("form.search button")
    window.until(lambda: set(window.texts(".rows tbody th")) == {"EIRE"}, "the rows that match")
    assert window.driver.current_url.endswith(f"{REVENUE}?prefix=EI")
    window.click("form.search a.button")
    window.until(lambda: len(window.texts(".rows tbody th")) == 9, "all rows again")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_the_screen(window: Window, path: str, width: int) -> None:
    """Nothing sticks out of a phone or a desk; wide tables and diagrams scroll in their own box."""
    window.open(path, width, 740)
    assert window.value("return document.documentElement.scrollWidth") <= width
    outside = """
        const scrolls = (one) => one.closest(".scroll, .describe pre, .crumbs, .hidden, .skip") !== null;
        return Array.from(document.body.querySelectorAll("*"))
            .filter((one) => !scrolls(one) && one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => one.outerHTML.slice(0, 80));
    """
    assert window.value(outside) == []
    small = """
        return Array.from(document.querySelectorAll("button, input:not([type=checkbox]), .button"))
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24)
            .map((one) => one.outerHTML.slice(0, 80));
    """
    assert window.value(small) == []


CONTRAST = """
    const parse = (color) => {
        const numbers = color.match(/[\\d.]+/g).map(Number);
        return color.startsWith("color(srgb") ? numbers.map((one, place) => (place < 3 ? one * 255 : one)) : numbers;
    };
    const over = ([r, g, b, a = 1], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
    const light = (rgb) => {
        const [r, g, b] = rgb.map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (one) => {
        const layers = [];
        for (let at = one; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
        return layers.reduce((below, above) => over(above, below), [255, 255, 255]);
    };
    const low = [];
    const texts = "h1, h2, p, a, th, td, dt, dd, label, button, summary, code, li, span";
    for (const one of document.querySelectorAll(texts)) {
        if (!one.checkVisibility() || !one.innerText?.trim() || one.closest(".hidden, .skip")) continue;
        if (one.matches(".rows .time .quiet")) continue;  // the T and Z of a time
        const below = ground(one);
        const both = [light(below), light(over(parse(getComputedStyle(one).color), below))];
        const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${one.outerHTML.slice(0, 90)}`);
    }
    return low;
"""


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_text_is_readable_in_both_schemes(window: Window, path: str, dark: bool) -> None:
    """Light is light and dark is dark, with a contrast of 4.5 at least (WCAG 2, AA)."""
    window.open(path, dark=dark)
    (red, green, blue) = window.value(
        "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (red + green + blue < 150) == dark
    assert (red + green + blue > 600) != dark
    assert window.value(CONTRAST) == []


def test_a_page_comes_back_by_itself_when_the_worker_does(window: Window, served: Served) -> None:
    """While its tasks are away it says so, then shows rows, without a reload."""
    applications = dict(served.runtime.applications)
    served.call(served.runtime.applications.clear)
    window.open(USERS)
    assert window.texts(".empty h2") == ["Nothing to show yet"]
    served.call(lambda: served.runtime.applications.update(applications))
    put(served, "users", user("ada", "A"))
    window.until(lambda: window.texts(".rows tbody th") == ["ada"], "the rows")
