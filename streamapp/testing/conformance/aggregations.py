"""Aggregations of streams, windows and suppress. Knows nothing of other ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.suppression import Until, UntilTimeLimit, UntilWindowCloses
from streamapp.dsl.windows import SessionWindows, SlidingWindows, TimeWindows, Windows
from streamapp.errors import UsageError
from streamapp.testing.conformance.builder import Builder, label
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.vocabulary import combiner


def _count(builder: Builder, node: Spec) -> Any:
    grouped, options = _windowed(builder.any(node["in"]), node)
    return grouped.count(label(node["name"]), **options)


def _reduce(builder: Builder, node: Spec) -> Any:
    grouped, options = _windowed(builder.any(node["in"]), node)
    return grouped.reduce(combiner(node["reducer"]), label(node["name"]), **options)


def _aggregate(builder: Builder, node: Spec) -> Any:
    grouped, options = _windowed(builder.any(node["in"]), node)
    return grouped.aggregate(
        _always(node["init"]), combiner(node["adder"]), label(node["name"]), **options, **_merger(node)
    )


def _cogroup(builder: Builder, node: Spec) -> Any:
    first, *others = node["groups"]
    cogrouped = builder.any(first["in"]).cogroup(combiner(first["adder"]))
    for group in others:
        cogrouped = cogrouped.cogroup(builder.any(group["in"]), combiner(group["adder"]))
    cogrouped, options = _windowed(cogrouped, node)
    return cogrouped.aggregate(_always(node["init"]), label(node["name"]), **options, **_merger(node))


def _always(init: Any) -> Callable[[], Any]:
    return lambda: init


def _merger(node: Spec) -> dict[str, Any]:
    return {"merger": combiner(node["merger"])} if "merger" in node else {}


def _windowed(grouped: Any, node: Spec) -> tuple[Any, dict[str, Any]]:
    """What is to be aggregated, and how."""
    if node.get("window") is None:
        return grouped, {}
    windows = _windows(node["window"])
    options: dict[str, Any] = {"emit": "close"} if node.get("emit") == "close" else {}
    if "retention_ms" in node:
        options["retention"] = max(node["retention_ms"], windows.retention)
    return grouped.windowed_by(windows), options


def _windows(window: Spec) -> Windows:
    match window["kind"]:
        case "tumbling" | "hopping":
            return TimeWindows(window["size_ms"], window["advance_ms"], window["grace_ms"])
        case "sliding":
            return SlidingWindows(window["time_difference_ms"], window["grace_ms"])
        case "session":
            return SessionWindows(window["gap_ms"], window["grace_ms"])
    raise UsageError(f"no window is called {window['kind']!r}: use tumbling, hopping, sliding or session")


def _suppress(builder: Builder, node: Spec) -> Any:
    until: Until = UntilWindowCloses()
    if node["until"] != "window_close":
        until = UntilTimeLimit(node["ms"], node.get("max_records"))
    return builder.table(node["in"]).suppress(until, label(node["name"]))


OPERATIONS = {
    "count": _count,
    "reduce": _reduce,
    "aggregate": _aggregate,
    "cogroup": _cogroup,
    "suppress": _suppress,
}
