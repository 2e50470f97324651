"""What visitors do: their visits, views per minute, the top pages, and who looks, a stream joined with a table.

Whatever a visitor does at most 30 minutes after what was before belongs to the same visit.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import DAY, HOUR, MINUTE, Topology, session, stream, table, tumbling
from topologies.enrichment import with_user
from topologies.events import ACTIVITY, USERS, Activity, EnrichedActivity

TOP = 10
"""Pages in the list of the most viewed."""

ALL = "all"
"""The key of that list: there is one."""


class Visit(Struct, frozen=True):
    """One visit: where it began, where it is, and how much was done in it."""

    first: str = ""
    last: str = ""
    actions: int = 0


class Page(Struct, frozen=True):
    """How often a page was viewed."""

    page: str
    views: int


def is_view(activity: Activity) -> bool:
    """A page was looked at, rather than searched on or bought from."""
    return activity.action == "viewed"


def page(activity: Activity) -> str:
    """What was looked at."""
    return activity.page


def segment(activity: EnrichedActivity) -> str:
    """The kind of customer that did it."""
    return activity.segment


def lengthen(visit: Visit, activity: Activity) -> Visit:
    """The visit with one more action."""
    return Visit(visit.first or activity.page, activity.page, visit.actions + 1)


def merge(visit: Visit, later: Visit) -> Visit:
    """One visit of two that an action has joined."""
    return Visit(visit.first or later.first, later.last or visit.last, visit.actions + later.actions)


def counted(page: str, views: int) -> tuple[str, Page]:
    """A page's count, on its way to the one list."""
    return ALL, Page(page, views)


def without(pages: tuple[Page, ...], page: Page) -> tuple[Page, ...]:
    """All pages but one."""
    return tuple(one for one in pages if one.page != page.page)


def ranked(pages: tuple[Page, ...], page: Page) -> tuple[Page, ...]:
    """All pages with this one in its place: most views first, then by name."""
    return tuple(sorted((*without(pages, page), page), key=lambda one: (-one.views, one.page)))


def top(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """The first of them."""
    return pages[:TOP]


activities = stream(ACTIVITY)
views = activities.filter(is_view)
visits = activities.group_by_key().windowed_by(session(30 * MINUTE, grace=5 * MINUTE))
by_page = views.group_by(page, "by-page")
pages = by_page.count("views-per-page")
ranking = pages.group_by(counted, "in-all", key=str, value=Page)
known = activities.join(table(USERS, "users"), with_user)

topology = Topology(
    "activity",
    visits.aggregate(Visit, lengthen, "visits", merger=merge, retention=DAY),
    by_page.windowed_by(tumbling(MINUTE, grace=5 * MINUTE)).count("views-per-minute", retention=DAY),
    ranking.aggregate(tuple[Page, ...], ranked, without, "pages", value=tuple[Page, ...]).map_values(top, "top-pages"),
    known.group_by(segment, "by-segment")
    .windowed_by(tumbling(HOUR, grace=5 * MINUTE))
    .count("actions-per-segment", retention=DAY),
)
