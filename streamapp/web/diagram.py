"""The picture of a topology as SVG, one for each sub-topology, drawn once when the plan is known.

Colours are the stylesheet's: shapes carry classes, no styles. Knows nothing of HTTP.
"""

from __future__ import annotations

from jinja2 import Environment
from markupsafe import Markup

from streamapp.web.graph import graph_of
from streamapp.web.layout import layout
from streamapp.web.runtime import Plan


def draw(plan: Plan, templates: Environment) -> Markup:
    """The SVG elements of all sub-topologies; tables link to their pages."""
    template = templates.get_template("diagram.html")
    layouts = [layout(graph_of(sub)) for sub in plan.subtopologies]
    return Markup(template.render(topology=plan.topology.name, layouts=layouts, curves=curves))  # noqa: S704 - autoescaped


def curves(points: tuple[tuple[float, float], ...]) -> str:
    """An SVG path that leaves and enters boxes horizontally and bends between them."""
    x, y = points[0]
    path = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in points[1:]:
        if abs(to_y - y) < 0.5:
            path.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            middle = (x + to_x) / 2
            path.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(path)
