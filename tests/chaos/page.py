"""One page that shows lag, latency and faults over time: HTML with its own style and drawings, and nothing to fetch.

Knows nothing of brokers or workers.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.watching import Bar, Sample

STYLE = Path(__file__).parents[2] / "streamapp/web/static/console.css"
WIDTH, LEFT, HEIGHT, ROW = 1150, 90, 150, 18
OWN = """
.chaos { padding: 24px 0; } .chaos h1 { font-size: 22px; } .chaos h2 { font-size: 14px; margin: 24px 0 6px; }
.chaos svg { width: 100%; height: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.chaos text { font: 11px var(--sans); fill: var(--ink-2); } .chaos .grid { stroke: var(--line); }
.chaos .curve { fill: none; stroke: var(--accent); stroke-width: 1.2; } .chaos .fault { fill: var(--bad); }
.chaos .shade { fill: var(--bad); opacity: .07; } .chaos .again { fill: var(--warn); opacity: .35; }
"""


@dataclass(frozen=True)
class _Scale:
    """Seconds to x, values to y; values above 1 are compressed, since an outage is far above all the rest."""

    seconds: float
    most: float

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * at / self.seconds

    def y(self, value: float) -> float:
        return HEIGHT - 14 - (HEIGHT - 28) * math.log1p(value) / math.log1p(self.most)


def chaos_page(row: dict[str, Any], samples: Sequence[Sample], bars: Sequence[Bar]) -> str:
    """The page of one run, given its result."""
    seconds = max([1.0, *(sample.at for sample in samples), *(bar.end for bar in bars)])
    ticks = _ticks(seconds)
    latencies = [(sample.at, sample.latency) for sample in samples if sample.latency is not None]
    lags = [(sample.at, float(sample.lag)) for sample in samples]
    verdict = "everything held" if row["ok"] else f"not ok: {row['why']}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chaos, seed {row["seed"]} · streamapp</title><style>{STYLE.read_text(encoding="utf-8")}{OWN}</style></head>
<body><main class="frame chaos">
<h1>{len(bars)} faults in {seconds / 60:.0f} minutes: {html.escape(verdict)}</h1>
<p><code>{html.escape(json.dumps(row))}</code></p>
<p>Latency: the median of the longest of each half second was {_share(latencies, 0.5):.2f} s, 90 % were below
{_share(latencies, 0.9):.2f} s, the longest was {_share(latencies, 1):.1f} s. Scales are logarithmic.</p>
<h2>Latency until a reader of committed records has the output (s)</h2>{_curve(latencies, seconds, ticks, bars)}
<h2>Lag: events sent and not committed</h2>{_curve(lags, seconds, ticks, bars)}
<h2>Faults, and until all that was sent before their end was committed</h2>{_bars(bars, seconds, ticks)}
</main></body></html>
"""


def _share(points: Sequence[tuple[float, float]], share: float) -> float:
    values = sorted(value for _, value in points)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _ticks(seconds: float) -> list[float]:
    step = next(step for step in (10, 60, 300, 600, 3_600) if seconds / step <= 12 or step == 3_600)
    return [float(at) for at in range(0, int(seconds) + 1, step)]


def _curve(points: Sequence[tuple[float, float]], seconds: float, ticks: Iterable[float], bars: Sequence[Bar]) -> str:
    scale = _Scale(seconds, max([1.0, *(value for _, value in points)]))
    shades = [_box("shade", scale.x, bar.begin, bar.end, 0, HEIGHT) for bar in bars]
    line = " ".join(f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, value in points)
    marks = [value for value in (0, 1, 10, 100, 1_000, 10_000, 100_000) if value <= scale.most]
    lines = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{scale.y(mark):.1f}" y2="{scale.y(mark):.1f}"/>'
        f'<text x="{LEFT - 8}" y="{scale.y(mark) + 4:.1f}" text-anchor="end">{mark:,}</text>'
        for mark in marks
    ]
    return _svg(HEIGHT, [*shades, *lines, f'<polyline class="curve" points="{line}"/>'], scale.x, ticks)


def _bars(bars: Sequence[Bar], seconds: float, ticks: Iterable[float]) -> str:
    scale = _Scale(seconds, 1)
    names = sorted({bar.name for bar in bars})
    drawn = [
        f'<text x="{LEFT - 8}" y="{at * ROW + 14}" text-anchor="end">{html.escape(name)}</text>'
        for at, name in enumerate(names)
    ]
    for bar in bars:
        top = names.index(bar.name) * ROW + 4
        drawn.append(_box("fault", scale.x, bar.begin, bar.end, top, ROW - 6))
        drawn.append(_box("again", scale.x, bar.end, bar.end + bar.recovery, top, ROW - 6))
    return _svg(len(names) * ROW + 20, drawn, scale.x, ticks)


def _box(kind: str, x: Callable[[float], float], begin: float, end: float, top: float, height: float) -> str:
    width = max(1.5 if kind == "fault" else 0.0, x(end) - x(begin))
    return f'<rect class="{kind}" x="{x(begin):.1f}" y="{top}" width="{width:.1f}" height="{height}"/>'


def _svg(height: float, parts: Iterable[str], x: Callable[[float], float], ticks: Iterable[float]) -> str:
    times = "".join(
        f'<text x="{x(at):.1f}" y="{height - 2}">{at / 60:.0f} min</text>' if at >= 60 or not at else "" for at in ticks
    )
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}{times}</svg>'
