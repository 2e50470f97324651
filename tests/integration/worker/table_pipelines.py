"""A topology with a table of every kind, and one that asks the first for rows, in the same process."""

from __future__ import annotations

import streamapp
from streamapp import Topic, Topology, stream
from tests.unit.everything import SUFFIX, TOPOLOGY, rates, totals, visits

QUESTIONS = Topic(f"questions{SUFFIX}", key=str, value=str)
ANSWERS = Topic(f"answers{SUFFIX}", key=str, value=str)


def answer(key: str, question: str) -> str:
    """What the other topology's tables say of a key, as far as it is committed."""
    table = streamapp.app.runtime.applications[TOPOLOGY.name].table
    if question == "visits":
        return ", ".join(f"{row.key.start} to {row.key.end}: {row.value}" for row in table(visits).fetch(key))
    if question.isdecimal():
        return str(table(rates).as_of(key, int(question)))
    return str(table(totals).get(key))


TOPOLOGIES = (TOPOLOGY, Topology("asking", stream(QUESTIONS).map_values(answer).to(ANSWERS), on_error="fail"))
