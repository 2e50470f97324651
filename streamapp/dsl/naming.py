"""Names that authors give: what they may look like. Knows nothing of what is named."""

from __future__ import annotations

import re

from streamapp.dsl.place import author_line
from streamapp.errors import TopologyError

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def checked(step: str, name: str) -> str:
    """`name`, when it is kebab-case; raises `TopologyError` naming `step` and the author's line."""
    if not isinstance(name, str) or not _KEBAB.fullmatch(name):
        raise TopologyError(
            f"{step} at {author_line()}: the name {name!r} is not kebab-case: "
            "use lower-case letters and digits, words joined by '-', such as 'orders-per-hour'"
        )
    return name
