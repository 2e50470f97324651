"""The HTML templates and the words they may use; everything is escaped unless it is markup of our own.

Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streamapp.web.assets import Assets
from streamapp.web.text import duration, iso, number


def environment(assets: Assets) -> Environment:
    """Templates of `streamapp/web/templates`, with autoescape."""
    templates = Environment(
        loader=PackageLoader("streamapp.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(time=time, iso=iso, duration=duration, number=number, spark=spark)
    templates.globals.update(asset=assets.url, version=package_version())
    return templates


def package_version() -> str:
    """Of streamapp, as installed."""
    try:
        return version("streamapp")
    except PackageNotFoundError:
        return "0"


def time(milliseconds: int) -> Markup:
    """A `<time>` in UTC; the script adds the reader's own time as a tooltip."""
    text = iso(milliseconds)
    if "T" not in text:
        return Markup("<span>{}</span>").format(text)
    day, clock = text.removesuffix("Z").split("T")
    return Markup('<time datetime="{}">{}<span class="quiet">T</span>{}<span class="quiet">Z</span></time>').format(
        text, day, clock
    )


def spark(history: Sequence[float], width: int = 120, height: int = 28) -> str:
    """The points of a line through the last minute's rates, newest on the right; empty when there is nothing to see."""
    if len(history) < 2 or not any(history):
        return ""
    top = max(history)
    step = width / 59
    first = width - step * (len(history) - 1)
    points = [(first + step * place, height - 2 - (height - 4) * rate / top) for place, rate in enumerate(history)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
