"""The rows as a picture: for each workload a bar for each system, and a line from the least to the greatest rate.

SVG that follows the reader's dark or light mode. Knows nothing of how rows are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

_WIDTH, _LEFT, _RIGHT = 760, 250, 690
_BAR, _GAP, _TOP = 16, 12, 46
_COLOURS = {
    "streamapp": "#3474c4",
    "kafka-streams": "#c2701c",
    "quix": "#2f8a5b",
    "faust": "#8258b5",
    "raw": "#8b929a",
}
_STYLE = (
    "text{font:11px ui-sans-serif,system-ui,sans-serif;fill:#24292f}.h{font-size:14px;font-weight:600}"
    ".e{text-anchor:end}.s{fill:#6a737d}.w{stroke:#24292f}"
    "@media(prefers-color-scheme:dark){text{fill:#dfe3e8}.s{fill:#98a1ab}.w{stroke:#dfe3e8}}"
)


def picture(rows: Sequence[dict[str, Any]], title: str) -> str:
    """The SVG; rows of one workload stand together."""
    greatest = max(row["rate"][2] for row in rows)
    marks = [f'<text class="h" x="16" y="24">{escape(title)}</text>']
    y = _TOP
    for workload in dict.fromkeys(row["workload"] for row in rows):
        marks.append(f'<text class="h" x="16" y="{y + 12}">{escape(workload)}</text>')
        for row in rows:
            if row["workload"] == workload:
                marks += _bar(row, y, greatest)
                y += _BAR + 4
        y += _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><style>{_STYLE}</style>{"".join(marks)}</svg>\n'
    )


def _bar(row: dict[str, Any], y: int, greatest: float) -> list[str]:
    scale = (_RIGHT - _LEFT) / greatest
    least, middle, most = (_LEFT + rate * scale for rate in row["rate"])
    name = f"{row['system']} {row['guarantee'].replace('_', ' ')} {row['commit_interval']:g} s"
    ratio = f"  x {row['ratio'][1]:g}" if row["ratio"] and row["system"] != "kafka-streams" else ""
    across = y + _BAR / 2
    return [
        f'<text class="e s" x="{_LEFT - 6}" y="{y + 12}">{escape(name)}</text>',
        f'<rect x="{_LEFT}" y="{y}" width="{middle - _LEFT:.1f}" height="{_BAR}" rx="2" '
        f'fill="{_COLOURS[row["system"]]}"/>',
        f'<path class="w" d="M{least:.1f} {across}H{most:.1f}"/>',
        f'<text x="{most + 6:.1f}" y="{y + 12}">{row["rate"][1] / 1000:.0f}k/s{ratio}</text>',
    ]
