"""The pictures of time, one for each page on an operator. Knows nothing of drawing."""

from __future__ import annotations

from typing import Any

from docs.pictures.picture import In, Out, Partners, Picture, Rows, Spans, Windows
from streamapp import SECOND


def _value(key: Any, value: Any) -> str:
    return f"{value}"


def _bytes(key: Any, value: Any) -> str:
    key, value = (part.decode() if isinstance(part, bytes) else part for part in (key, value))
    return f"{key} {value}"


STATELESS = (
    Picture(
        "stream", "stream with timestamps from the values", (In("indoors"), In("outdoors"), Out("all")), 10 * SECOND
    ),
    Picture("filter", "filter: above 30 degrees", (In("readings"), Out("high")), 10 * SECOND),
    Picture("map", "map_values and map", (In("orders"), Out("pence"), Out("by-country")), 10 * SECOND),
    Picture("flat-map", "flat_map_values: a line becomes its words", (In("lines"), Out("words")), 10 * SECOND),
    Picture("effects", "peek: records pass unchanged", (In("orders"), Out("seen")), 10 * SECOND),
    Picture("split-and-merge", "split, then merge", (In("orders"), Out("big"), Out("all")), 10 * SECOND),
    Picture(
        "repartition",
        "repartition: records pass unchanged",
        (In("orders"), Out("by-customer-repartition", name="in between"), Out("spread")),
        10 * SECOND,
    ),
    Picture("to", "to: a topic chosen for each record", (In("orders"), Out("small"), Out("large")), 10 * SECOND),
    Picture(
        "errors",
        "records that fail leave no trace but a dead letter",
        (In("parts", _bytes), Out("shares")),
        10 * SECOND,
    ),
)

AGGREGATIONS = (
    Picture("group-by", "group_by and count: orders per country", (In("orders"), Out("counts")), 10 * SECOND),
    Picture(
        "count-reduce-aggregate",
        "reduce and aggregate: a result for every record",
        (In("payments"), Out("totals"), Out("lists")),
        11 * SECOND,
    ),
    Picture(
        "cogroup",
        "cogroup: clicks and pounds in one row",
        (In("clicks"), In("purchases"), Out("user-activity")),
        10 * SECOND,
    ),
    Picture(
        "tumbling", "tumbling(10 s, grace = 5 s), count", (In("clicks"), Windows("counts"), Out("counts")), 26 * SECOND
    ),
    Picture(
        "hopping", "hopping(10 s, advance = 5 s), count", (In("clicks"), Windows("counts"), Out("counts")), 21 * SECOND
    ),
    Picture("sliding", "sliding(10 s), count", (In("alerts"), Windows("counts"), Out("counts")), 48 * SECOND),
    Picture(
        "session", "session(10 s, grace = 5 s), count", (In("clicks"), Windows("visits"), Out("visits")), 58 * SECOND
    ),
    Picture(
        "emit-and-suppress",
        "one result for each window: tumbling(10 s, grace = 2 s)",
        (In("clicks"), Windows("emit-close"), Out("emit-close"), Out("suppressed")),
        26 * SECOND,
    ),
    Picture(
        "late",
        "late(): what came after its window had closed",
        (In("clicks"), Windows("counts"), Out("counts"), Out("too-late")),
        21 * SECOND,
    ),
    Picture(
        "deduplicate",
        "deduplicate(within = 10 s)",
        (
            In("payments"),
            Spans("p1 is known", ((0, 12_000, "around 2 s"), (4_000, 24_000, "around 14 s"))),
            Out("once"),
        ),
        25 * SECOND,
    ),
)

TABLES = (
    Picture(
        "table",
        "table: the last value of each key",
        (In("cities"), Rows("cities", "rows"), Out("changes")),
        11 * SECOND,
    ),
    Picture(
        "time-to-live",
        "count(ttl = 10 s): ada is forgotten, and begins anew",
        (In("clicks"), Rows("counts", "rows"), Out("counts")),
        23 * SECOND,
    ),
    Picture(
        "table-steps",
        "filter and map_values of a table",
        (In("stock"), Rows("low", "rows of low"), Out("low")),
        11 * SECOND,
    ),
    Picture(
        "table-group-by",
        "group_by and count: the old value is taken away",
        (Rows("cities", "cities"), Out("people")),
        11 * SECOND,
    ),
    Picture(
        "table-table-join",
        "join of two tables",
        (In("prices"), In("stock"), Rows("offers", "rows"), Out("offers")),
        11 * SECOND,
    ),
    Picture(
        "foreign-key-join",
        "join by foreign key: orders name their customer",
        (Rows("customers", "customers"), Rows("orders", "orders"), Out("labels")),
        11 * SECOND,
    ),
    Picture(
        "versioned-table",
        "join with a versioned table, grace = 5 s",
        (In("prices", _value), Rows("prices", "as it was", versioned=True), In("orders", _value), Out("bills", _value)),
        17 * SECOND,
    ),
)

CACHE = Picture("record-cache", "a record cache: what a commit passes on", (In("clicks"), Out("counts")), 10 * SECOND)

JOINS_OF_STREAMS = (
    Picture(
        "stream-stream-join",
        "left_join of two streams: after = 10 s, grace = 5 s",
        (In("ads"), Partners("ads", "finds clicks"), In("clicks"), Out("results")),
        40 * SECOND,
    ),
    Picture(
        "stream-table-join",
        "join of a stream with a table",
        (Rows("cities", "rows of cities"), In("orders"), Out("shipped")),
        11 * SECOND,
    ),
    Picture(
        "global-table",
        "left_join with a global table: whatever rows there are when a record comes",
        (In("products"), In("orders"), Out("named")),
        11 * SECOND,
    ),
)

PROCESSORS = (
    Picture(
        "process-async", "process_async: a service that refuses one record", (In("payments"), Out("rated")), 10 * SECOND
    ),
    Picture("process", "a punctuation every 5 s of stream time", (In("clicks"), Out("reports")), 20 * SECOND),
    Picture(
        "stores",
        "window_store(size = 10 s, retention = 20 s)",
        (
            In("clicks"),
            Spans("rows", ((0, 20_000, "0 s: 11"), (10_000, 30_000, "10 s: 100"), (20_000, 40_000, "20 s: 1000"))),
            Out("sums"),
        ),
        40 * SECOND,
    ),
)

PICTURES = (*STATELESS, *AGGREGATIONS, *TABLES, *JOINS_OF_STREAMS, *PROCESSORS, CACHE)
