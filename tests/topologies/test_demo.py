"""The demo without Kafka: its proof, its load, what it prints and what it says to wrong use."""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.topologies.shop import placed
from topologies.email import deliver, letter
from topologies.events import PaymentCaptured, PaymentFailed, PaymentRefunded
from topologies.services.demo.commands import Commands, DemoError
from topologies.services.demo.ledger import Ledger, is_answer
from topologies.services.demo.letters import mail_server
from topologies.services.demo.load import MALFORMED_FIRST, PIPED, Load, ticks
from topologies.services.demo.show import EVERY, Show
from topologies.services.demo.tour import Tour
from topologies.services.demo.waiting import after, unless
from topologies.services.shoppers import Shoppers

ROOT = Path(__file__).parents[2]


def ledger(**seen: Counter[str]) -> Ledger:
    """Two orders and one malformed record, of which all is as it must be but what is given."""
    good = {
        "payments": Counter(a=1, b=1),
        "emails": Counter(a=1, b=1),
        "dead_letters": Counter(bad=1),
        "shown": Counter({"fraud-alerts": 1}),
    }
    letters = {"<a.shipped@shop>", "<b.failed@shop>"}
    made = Ledger({"a", "b"}, {"bad"}, letters=letters, due={"fraud-alerts"})
    for name, counter in (good | seen).items():
        setattr(made, name, counter)
    return made


def test_a_ledger_in_order_has_no_problems() -> None:
    """Records of other runs do not count."""
    mine = ledger(payments=Counter(a=1, b=1, other=2), dead_letters=Counter(bad=1, other=1))
    assert mine.problems() == []
    assert mine.settled
    assert mine.totals == {"orders": 2, "payments": 2, "emails": 2, "dead_letters": 1}


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        ({"payments": Counter(a=1)}, "1 of 2 orders have no payment"),
        ({"payments": Counter(a=2, b=1)}, "1 of 2 orders have more than one payment"),
        ({"emails": Counter()}, "2 of 2 orders have no e-mail"),
        ({"emails": Counter(a=2, b=3)}, "2 of 2 orders have more than one e-mail"),
        ({"dead_letters": Counter()}, "1 of 1 malformed records have no dead letter"),
        ({"dead_letters": Counter(bad=2)}, "1 of 1 malformed records have more than one dead letter"),
        ({"shown": Counter(other=1)}, "nothing has come to topic fraud-alerts"),
    ],
)
def test_what_is_lost_or_doubled_is_a_problem(seen: dict[str, Counter[str]], problem: str) -> None:
    """Each is named with its number; sums that happen to agree hide nothing."""
    assert ledger(**seen).problems() == [problem]


def test_a_letter_that_was_not_sent_is_a_problem() -> None:
    """What was written must have reached the mail server; letters of other runs do not count."""
    mine = ledger()
    mine.letters = {"<a.shipped@shop>", "<c.shipped@shop>"}
    assert mine.problems() == ["1 of 2 letters have not reached the mail server"]
    assert not mine.settled


async def test_the_mail_server_notes_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its Message-ID."""
    seen = set[str]()
    async with mail_server(seen) as address:
        monkeypatch.setenv("SHOP_SMTP", address)
        await deliver(letter(PaymentFailed.of(placed(), reason="no")))
    assert seen == {"<o-1.failed@streamapp.example>"}


def test_a_loss_and_a_double_do_not_cancel_out() -> None:
    """Two payments for two orders, but both for one."""
    mine = ledger(payments=Counter(a=2))
    assert mine.totals["payments"] == 2
    assert len(mine.problems()) == 2
    assert not mine.settled


def test_a_shop_without_orders_proves_nothing() -> None:
    """It is a problem, too."""
    assert Ledger().problems() == ["no order was accepted"]


def test_a_recount_starts_from_the_orders_alone() -> None:
    """What was seen is forgotten."""
    again = ledger().recount()
    assert again.totals == {"orders": 2, "payments": 0, "emails": 0, "dead_letters": 0}
    assert len(again.problems()) == 4
    assert again.letters == ledger().letters


def test_a_refund_is_no_second_payment() -> None:
    """What billing answers is captured or failed."""
    answers = (PaymentCaptured.of(placed()), PaymentFailed.of(placed(), reason="no"))
    refund = PaymentRefunded.of(placed(), reason="no")
    records = [{"value": msgspec.json.encode(event).decode()} for event in (*answers, refund)]
    assert [is_answer(record) for record in records] == [True, True, False]


class Pipe:
    """Takes the place of a running `streamapp produce`."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    async def write(self, line: bytes) -> None:
        """Keeps one record."""
        self.records.append(json.loads(line))


def shop(statuses: list[int], ended: asyncio.Event) -> web.Application:
    """Answers to orders and cancellations, one after the other; then it is `ended`. Every click is taken."""
    answers = enumerate(statuses)

    async def take(_request: web.Request) -> web.Response:
        number, status = next(answers, (-1, 503))
        if number in (-1, len(statuses) - 1):
            ended.set()
        return web.json_response({"order_id": f"o-{number}"} if status == 202 else {"error": "no"}, status=status)

    async def click(_request: web.Request) -> web.Response:
        return web.json_response({}, status=202)

    made = web.Application()
    made.router.add_post("/checkout", take)
    made.router.add_post("/orders/{id}/cancel", take)
    made.router.add_post("/activity", click)
    return made


async def worked(mine: Ledger, statuses: list[int]) -> tuple[Load, dict[str, Any]]:
    """A load that has got these answers, and its pipes."""
    ended = asyncio.Event()
    pipes: dict[str, Any] = {topic: Pipe() for topic in PIPED}
    load = Load(Shoppers(1), mine, pipes, "run")
    async with TestClient(TestServer(shop(statuses, ended))) as client:
        url = str(client.make_url("")).rstrip("/")
        await load.work(client.session, {"checkout": url, "tracker": url}, ended)
    return load, pipes


async def test_the_load_notes_what_was_accepted_and_what_is_malformed() -> None:
    """Orders that were refused are not noted; each accepted one has its invoice lines, and the first one a label."""
    mine = Ledger()
    load, pipes = await worked(mine, [202, 503, 202, 503])
    assert mine.orders == {"o-0", "o-2"}
    assert load.refused == 2
    good = [record for record in pipes["retail"].records if record["key"] not in mine.malformed]
    assert {record["value"]["invoice"] for record in good} == mine.orders
    assert [record["value"]["row"] for record in good] == list(range(len(good)))
    (label,) = pipes["labels"].records
    assert label["key"] == label["value"]["customer_id"] == good[0]["value"]["customer"]
    assert pipes["readings"].records[0]["key"] == "attic"
    assert {"order-history", "enriched-activity", "training-rows"} <= mine.due


async def test_what_is_due_follows_from_what_was_sent() -> None:
    """A second order in the name of one customer from another country is suspicious, and not the first."""
    few, more = Ledger(), Ledger()
    await worked(few, [202] * 10)
    await worked(more, [202] * 31)
    assert "fraud-alerts" not in few.due
    assert {"order-history", "enriched-activity", "training-rows", "fraud-alerts"} <= more.due


async def test_malformed_records_are_no_json_and_have_keys_of_their_own() -> None:
    """They are told from those of other runs by their keys."""
    mine = Ledger()
    pipe: Any = Pipe()
    load = Load(Shoppers(1), mine, {"readings": pipe, "input-topic": pipe}, "7")
    for number in range(MALFORMED_FIRST + 2):
        await load._write("readings", "attic", {"number": number, "text": "words"})
        await load._write("input-topic", None, "words")
    assert mine.malformed == {f"malformed-7-readings-{MALFORMED_FIRST}"}
    (bad,) = [record["value"] for record in pipe.records if record["key"] in mine.malformed]
    with pytest.raises(json.JSONDecodeError):
        json.loads(bad)


ORDER = {"status": "shipped", "entries": 4, "order": {"order_id": "o-1", "customer_id": "ada"}}
SHOWN = {
    "/orders/o-1": ORDER,
    "/orders": {"items": [{"order_id": "o-1"}]},
    "/customers/ada": {"orders": 1, "captured": 500},
    "/features/ada": {"features": {"month": {"orders": 1, "recency": 2_000}}},
    "/api/v1/topologies/activity/tables/top-pages": {"items": [{"value": [{"page": "/sale", "views": 7}]}]},
    "/api/v1/topologies/activity/tables/visits": {"items": [{}]},
    "/api/v1/topologies/telemetry/tables/temperature-hourly": {"items": [{"key": "attic"}]},
}


async def toured(shown: dict[str, Any]) -> list[str]:
    """What a tour tells of a shop that shows this, and of all else that there is none."""

    async def show(request: web.Request) -> web.Response:
        found = shown.get(request.path)
        return web.json_response(found or {"error": "none"}, status=200 if found else 404)

    made = web.Application()
    made.router.add_get("/{any:.*}", show)
    async with TestClient(TestServer(made)) as client:
        url = str(client.make_url("")).rstrip("/")
        return await Tour(client.session, url, {"storefront": url, "feature-server": url}).walk("o-1")


async def test_a_tour_tells_what_the_shop_shows() -> None:
    """A line for each stop."""
    told = await toured(SHOWN)
    assert [line.split()[0] for line in told] == ["order", "customer", "features", "activity", "sensors"]
    assert told[1] == "customer  ada has placed 1 orders and paid 5.00"


@pytest.mark.parametrize(
    ("path", "shown", "problem"),
    [
        *((path, None, "answers 404") for path in SHOWN),
        ("/orders/o-1", ORDER | {"status": "paid"}, "order o-1 is paid in the end"),
        ("/orders", {"items": [{"order_id": "o-2"}]}, "order o-1 is not in the list of ada"),
        ("/features/ada", {"features": {"month": {"orders": 0}}}, "the features of ada know of no order"),
        ("/api/v1/topologies/activity/tables/visits", {"items": []}, "table visits of activity is empty"),
    ],
)
async def test_a_tour_ends_where_there_is_nothing_to_show(path: str, shown: Any, problem: str) -> None:
    """It says what is missing."""
    with pytest.raises(DemoError, match=problem):
        await toured(SHOWN | {path: shown})


async def test_ticks_end_with_the_event() -> None:
    """Also between two of them."""
    ended = asyncio.Event()
    seen = []
    async for number in ticks(1_000, ended):
        seen.append(number)
        if number == 3:
            ended.set()
    assert seen == [0, 1, 2, 3]


async def test_opening_is_given_up_when_the_end_comes_first() -> None:
    """What was being done is cancelled; without an end its error comes through."""
    ended = asyncio.Event()
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            ended.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(DemoError, match="ended before the shop was open"):
        await unless(ended, work())
    assert cancelled.is_set()

    async def fails() -> None:
        raise DemoError("no broker")

    with pytest.raises(DemoError, match="no broker"):
        await unless(asyncio.Event(), fails())


async def test_after_a_time_or_an_event() -> None:
    """Whichever comes first sets the other event."""
    then = asyncio.Event()
    await after(asyncio.Event(), 0.001, then)
    assert then.is_set()
    set_before = asyncio.Event()
    set_before.set()
    await after(set_before, None)


async def test_a_command_that_fails_shows_its_log(tmp_path: Path) -> None:
    """The demo says what the command said."""
    commands = Commands({"PATH": "/usr/bin"}, tmp_path)
    with pytest.raises(DemoError, match=r"(?s)'streamapp topics crate' ended with exit code 2.*did you mean 'create'"):
        await commands.must("topics", "crate")
    broken = await commands.start("worker", "no-such-topology")
    with pytest.raises(
        DemoError, match=r"(?s)worker-no-such-topology has ended; the end of .*\.log.*there is no topology"
    ):
        await broken.ready()
    await commands.stop()


def test_the_live_line_is_printed_now_and_then_where_there_is_no_terminal() -> None:
    """Nothing is overwritten in a file."""
    out = io.StringIO()
    show = Show(out)
    show.say("open")
    for now in (0, EVERY / 2, EVERY, EVERY * 1.5):
        show.live(f"line at {now}", now)
    assert out.getvalue() == f"open\nline at 0\nline at {EVERY}\n"


def test_the_live_line_is_replaced_on_a_terminal() -> None:
    """What is said clears it first."""
    out = Terminal()
    show = Show(out)
    show.live("one", 0)
    show.live("two", 0)
    show.say("done")
    assert out.getvalue() == "one\r\x1b[Ktwo\r\x1b[Kdone\n"


class Terminal(io.StringIO):
    """Text that is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the demo's program."""
    return subprocess.run(
        [sys.executable, "-m", "topologies.services.demo", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--for", "soon"], "'soon' is not a number of seconds: type for example --for 60"),
        (["--for", "0"], "'0' is not a number of seconds"),
        (["--for", "-5"], "usage: scripts/demo"),
        (["--for", "inf"], "'inf' is not a number of seconds"),
        (["60"], "unrecognized arguments: 60"),
    ],
)
def test_wrong_use_says_what_to_type(arguments: list[str], text: str) -> None:
    """Exit code 2, and nothing is started."""
    done = demo(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: scripts/demo [-h] [--for SECONDS]" in done.stderr
    assert text in done.stderr


def test_a_second_demo_in_one_folder_is_refused(tmp_path: Path) -> None:
    """The first one goes on undisturbed."""
    folder = tmp_path / "demo"
    folder.mkdir()
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = demo("--for", "1", STREAMAPP_STATE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"another demo runs in {folder}" in done.stderr
