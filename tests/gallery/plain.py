"""The answers of the gallery by plain Python: one row after the other, with dictionaries, and nothing of ours.

Lateness is as EXPECTED of Kafka Streams: stream time is the highest timestamp that a step has seen, its own row's
included. Knows nothing of streamapp.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH = 30 * DAY


@dataclass(frozen=True)
class Row:
    """A line of an invoice."""

    row: int
    invoice: str
    stock_code: str
    quantity: int
    pence: int
    customer: str
    country: str
    ts: int


def fields_of(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, gzipped or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def utc(text: str) -> int:
    """A time as ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def retail(path: Path) -> list[Row]:
    """All lines of a file."""
    return [
        Row(
            number,
            one["InvoiceNo"],
            one["StockCode"],
            int(one["Quantity"]),
            int((int(one["Quantity"]) * Decimal(one["UnitPrice"]) * 100).quantize(Decimal(1), ROUND_HALF_EVEN)),
            one["CustomerID"],
            one["Country"],
            utc(one["InvoiceDate"]),
        )
        for number, one in enumerate(fields_of(path))
    ]


def important(rows: Iterable[Row]) -> list[str]:
    """Row and pence of lines of a hundred pounds or more."""
    return [f"{one.row},{one.pence}" for one in rows if one.pence >= 10_000]


def customers(rows: Iterable[Row]) -> list[str]:
    """Orders, cancelled invoices, rows, net and gross pence of each customer."""
    of: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        if one.customer:
            of[one.customer].append(one)
    return [
        f"{customer},{len({o.invoice for o in all_ if o.invoice[0] != 'C'})}"
        f",{len({o.invoice for o in all_ if o.invoice[0] == 'C'})},{len(all_)},{sum(o.pence for o in all_)}"
        f",{sum(o.pence for o in all_ if o.invoice[0] != 'C')}"
        for customer, all_ in of.items()
    ]


def markets(rows: Iterable[Row]) -> list[str]:
    """Rows, net pence, invoices and customers of each country."""
    of: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        of[one.country].append(one)
    return [
        f"{country},{len(all_)},{sum(o.pence for o in all_)},{len({o.invoice for o in all_})}"
        f",{len({o.customer for o in all_} - {''})}"
        for country, all_ in of.items()
    ]


def windows(
    rows: Iterable[Row], size: int, advance: int, key: Callable[[Row], str]
) -> dict[tuple[str, int], list[int]]:
    """Rows and pence by key and start, with an hour of grace."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    stream_time = -1
    for one in rows:
        stream_time = max(stream_time, one.ts)
        start = one.ts - one.ts % advance
        while start > one.ts - size:
            if start >= 0 and start + size > stream_time - HOUR:
                total = sums[key(one), start]
                total[0] += 1
                total[1] += one.pence
            start -= advance
    return sums


def by_country(rows: Sequence[Row], size: int, advance: int) -> list[str]:
    """Windows of each country."""
    found = windows(rows, size, advance, lambda one: one.country)
    return [f"{country},{start},{count},{pence}" for (country, start), (count, pence) in found.items()]


def in_all(rows: Sequence[Row], size: int, advance: int) -> list[str]:
    """Windows of all countries."""
    found = windows(rows, size, advance, lambda one: "")
    return [f"{start},{count},{pence}" for (_, start), (count, pence) in found.items()]


def final_hours(rows: Sequence[Row]) -> list[str]:
    """The hours in all that have closed."""
    end = max(one.ts for one in rows)
    found = windows(rows, HOUR, HOUR, lambda one: "")
    return [f"{at},{count},{pence}" for (_, at), (count, pence) in found.items() if at + HOUR <= end - HOUR]


def sessions(rows: Iterable[Row]) -> list[str]:
    """Start, end, rows and pence of each customer's sessions: gap 30 minutes, inclusive, an hour of grace."""
    gap = 30 * MINUTE
    of: dict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
    stream_time = -1
    for one in rows:
        if not one.customer:
            continue
        stream_time = max(stream_time, one.ts)
        known = of[one.customer]
        near = [s for s in known if s[0] <= one.ts + gap and s[1] >= one.ts - gap]
        start, end = min([one.ts, *(s[0] for s in near)]), max([one.ts, *(s[1] for s in near)])
        if end < stream_time - HOUR - gap:
            continue
        merged = (start, end, 1 + sum(s[2] for s in near), one.pence + sum(s[3] for s in near))
        of[one.customer] = [s for s in known if s not in near] + [merged]
    return [f"{customer},{a},{b},{count},{pence}" for customer, all_ in of.items() for a, b, count, pence in all_]


@dataclass
class Returns:
    """Joins cancellations with the purchases of the 30 days up to them; alone when stream time has passed them."""

    found: list[str] = field(default_factory=list)
    kept: tuple[dict[tuple[str, str], list[Row]], ...] = field(
        default_factory=lambda: (defaultdict(list), defaultdict(list))
    )
    newest: list[int] = field(default_factory=lambda: [-1, -1])
    waiting: dict[int, Row] = field(default_factory=dict)
    stream_time: int = -1

    def add(self, one: Row) -> None:
        """The next row."""
        self.pass_time(max(self.stream_time, one.ts))
        side, key = 0 if one.quantity < 0 else 1, (one.customer, one.stock_code)
        others = [other for other in self.kept[1 - side][key] if other.ts > self.newest[1 - side] - MONTH]
        if side == 0:
            self.cancel(one, [other for other in others if one.ts - MONTH <= other.ts <= one.ts])
        else:
            self.buy(one, [other for other in others if other.ts - MONTH <= one.ts <= other.ts])
        self.newest[side] = max(self.newest[side], one.ts)
        if one.ts > self.newest[side] - MONTH:
            self.kept[side][key].append(one)

    def pass_time(self, now: int) -> None:
        """Cancellations before now are given up."""
        if now > self.stream_time:
            self.stream_time = now
            self.found += [f"{left.row}," for left in self.waiting.values() if left.ts < now]
            self.waiting = {row: left for row, left in self.waiting.items() if left.ts >= now}

    def cancel(self, one: Row, purchases: list[Row]) -> None:
        """A cancellation and what it may take back."""
        self.found += [f"{one.row},{other.row}" for other in purchases]
        if not purchases and one.ts < self.stream_time:
            self.found.append(f"{one.row},")
        elif not purchases:
            self.waiting[one.row] = one

    def buy(self, one: Row, cancellations: list[Row]) -> None:
        """A purchase that comes after what cancels it."""
        for left in cancellations:
            self.found.append(f"{left.row},{one.row}")
            self.waiting.pop(left.row, None)


def returns(rows: Iterable[Row]) -> list[str]:
    """Cancelled lines and the purchases they may take back."""
    joined = Returns()
    for one in rows:
        if one.customer and (one.quantity < 0) == one.invoice.startswith("C"):
            joined.add(one)
    return joined.found


def moves(rows: Iterable[Row]) -> list[str]:
    """Each row with a customer, its country, and that of the customer's row before."""
    last: dict[str, str] = {}
    found = []
    for one in rows:
        if one.customer:
            found.append(f"{one.row},{one.country},{last.get(one.customer, '')}")
            last[one.customer] = one.country
    return found


def stock(rows: Iterable[Row]) -> list[str]:
    """Events, pieces by kind, all pieces and all pence of each article."""
    of: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        of[one.stock_code].append(one)

    def kind(one: Row) -> str:
        return {"C": "K", "A": "B"}.get(one.invoice[0]) or ("A" if one.quantity < 0 else "P")

    def pieces(all_: list[Row], wanted: str) -> int:
        return sum(o.quantity for o in all_ if kind(o) == wanted)

    return [
        f"{code},{len(all_)},{pieces(all_, 'P')},{pieces(all_, 'K')},{pieces(all_, 'A')}"
        f",{sum(o.quantity for o in all_)},{sum(o.pence for o in all_)}"
        for code, all_ in of.items()
    ]


def invoices(rows: Iterable[Row]) -> list[str]:
    """Rows, pieces, pence, first and last time of each invoice."""
    of: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        of[one.invoice].append(one)
    return [
        f"{number},{len(all_)},{sum(o.quantity for o in all_)},{sum(o.pence for o in all_)}"
        f",{min(o.ts for o in all_)},{max(o.ts for o in all_)}"
        for number, all_ in of.items()
    ]


RETAIL: dict[str, Callable[[Sequence[Row]], list[str]]] = {
    "a": important,
    "b_customer": customers,
    "b_country": markets,
    "c_hour_country": lambda rows: by_country(rows, HOUR, HOUR),
    "c_hour_all": lambda rows: in_all(rows, HOUR, HOUR),
    "c_day_country": lambda rows: by_country(rows, DAY, DAY),
    "c_day_all": lambda rows: in_all(rows, DAY, DAY),
    "c_hop_country": lambda rows: by_country(rows, HOUR, 15 * MINUTE),
    "c_hop_all": lambda rows: in_all(rows, HOUR, 15 * MINUTE),
    "revenue_final": final_hours,
    "sessions": sessions,
    "returns": returns,
    "countries": moves,
    "stock": stock,
    "invoices": invoices,
}


def telemetry(
    path: Path, low: float = 50.0, high: float = 103.0, history: int = 288, bound: float = 4.0
) -> dict[str, list[str]]:
    """Edges, sustained states, deviations, late readings and hours of a sensor's file."""
    found: dict[str, list[str]] = {name: [] for name in ("edges", "sustained", "z", "ooo")}
    hours: dict[int, list[int]] = defaultdict(list)
    values: list[float] = []
    state, run, newest = "N", 0, -1
    for row, one in enumerate(fields_of(path)):
        ts, value = utc(one["timestamp"]), float(one["value"])
        side = "L" if value < low else "H" if value > high else "N"
        run = run + 1 if side == state else 1
        if side != state:
            found["edges"].append(f"{row},{ts},{state},{side},{one['value']}")
        if side != "N" and run == 3:
            found["sustained"].append(f"{row},{ts},{side}")
        state = side
        if len(values) >= history:
            past = values[-history:]
            mean = sum(past) / history
            spread = math.sqrt(sum([(past_one - mean) ** 2 for past_one in past]) / history)
            if spread and abs((value - mean) / spread) > bound:
                found["z"].append(f"{row},{ts},{'+' if value > mean else '-'}")
        values.append(value)
        if ts < newest:
            found["ooo"].append(f"{row}")
        newest = max(newest, ts)
        if ts - ts % HOUR + HOUR > newest - HOUR:
            hours[ts - ts % HOUR].append(round(Decimal(one["value"]).quantize(Decimal("1e-9")) * 10**9))
    found["hour"] = [f"{at},{len(all_)},{min(all_)},{max(all_)},{sum(all_)}" for at, all_ in hours.items()]
    return found
