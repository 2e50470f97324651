"""What an author can get wrong with tables and joins, and is told when the step is made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from streamapp import (
    JoinWindows,
    Stream,
    Table,
    Topic,
    Topology,
    TopologyError,
    global_table,
    join_windows,
    stream,
    table,
)

TEXTS = Topic("texts", key=str, value=str)
NUMBERS = Topic("numbers", key=int, value=str)
OTHERS = Topic("others", key=str, value=str)
OUT = Topic("out", key=str, value=str)

texts: Stream[str, str] = stream(TEXTS)
rows: Table[str, str] = table(OTHERS, "rows")
past: Table[str, str] = table(OTHERS, "past", history=1_000)
NUMBERED: Any = table(NUMBERS, "numbered")
ANY_TEXTS: Any = texts
ANY_ROWS: Any = rows


def both(left: str, right: str) -> str:
    """A joiner."""
    return left + right


def number(value: str) -> int:
    """A key of another type."""
    return len(value)


def same(value: str) -> str:
    """A key of the same type."""
    return value


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: JoinWindows(-5, 4), "join window from 5 to 4 ms is empty: "),
        (lambda: join_windows(before=1, after=1, grace=-1), "join window grace is -1 ms: give 0 or more"),
        (lambda: join_windows(3, before=1), "join_windows(3, before=1, after=0): give either form, not both"),
        (
            lambda: ANY_TEXTS.join(stream(OTHERS), both, within=join_windows(1)),
            "join at LINE of two streams needs a name: give one",
        ),
        (
            lambda: ANY_TEXTS.join(stream(OTHERS), both, "Near", within=join_windows(1)),
            "join at LINE: the name 'Near' is not kebab-case",
        ),
        (
            lambda: texts.join(stream(OTHERS).select_key(same), both, "near", within=join_windows(1)),
            "join at LINE: same (FILE) may have changed the key",
        ),
        (
            lambda: ANY_TEXTS.join(stream(NUMBERS), both, "near", within=join_windows(1)),
            "join at LINE: the stream's keys are str, the other stream's are int",
        ),
        (
            lambda: ANY_TEXTS.join(stream(OTHERS), both, "near", within=join_windows(1), grace=5),
            "join at LINE: grace=5 is not for a stream: leave it out",
        ),
        (
            lambda: texts.join(stream(OTHERS), both, "near", within=join_windows(1), single_store=True),
            "join at LINE: single_store=True is for the inner join of a stream with itself",
        ),
        (lambda: ANY_TEXTS.join(rows, both, within=join_windows(1)), "join at LINE: within=JoinWindows("),
        (lambda: texts.join(rows, both, "late"), "join 'late' at LINE keeps nothing without grace=: leave the name"),
        (lambda: texts.join(past, both, grace=5), "join at LINE has grace= and no name: give one"),
        (lambda: texts.join(rows, both, "late", grace=5), "join 'late' at LINE: grace=5 needs a table that knows its"),
        (
            lambda: ANY_TEXTS.left_join(past.map_values(same), both, "late", grace=1_001),
            "left_join 'late' at LINE: grace=1001 ms must be from 0 to the table's history, 1000 ms",
        ),
        (lambda: ANY_TEXTS.outer_join(rows, both, "j", within=join_windows(1)), "outer_join at LINE: a Table is not a"),
        (
            lambda: ANY_TEXTS.join(global_table(OTHERS, "all"), both),
            "join at LINE: a global table is looked up by what a function makes of each record",
        ),
        (
            lambda: ANY_TEXTS.join(global_table(OTHERS, "all"), both, key=number),
            "join at LINE: key= gives int, the table's keys are str",
        ),
        (lambda: texts.select_key(same).to_table("t"), "to_table at LINE: same (FILE) may have changed the key"),
        (lambda: texts.to_table("Rows"), "to_table at LINE: the name 'Rows' is not kebab-case"),
        (lambda: table(TEXTS, "t", history=-1), "table 't' at LINE: history=-1 ms: give 0 or more"),
        (lambda: rows.filter(bool, "Kept"), "filter at LINE: the name 'Kept' is not kebab-case"),
        (lambda: ANY_ROWS.group_by(number, "g"), "group_by 'g': number (FILE) returns int: give a function that"),
        (lambda: rows.group_by(lambda v: (v, v), "g", partitions=0), "group_by 'g' at LINE: partitions=0: give 1 or"),
        (lambda: ANY_ROWS.join(NUMBERED, both), "join at LINE: this table's keys are str, the other's are int: name"),
        (lambda: ANY_ROWS.join(texts, both), "join at LINE: a Stream is not a table: give what table("),
        (lambda: ANY_ROWS.join(past, both, foreign_key=same), "join at LINE has foreign_key= and no name: give one"),
        (
            lambda: ANY_ROWS.left_join(past, both, "fk", foreign_key=number),
            "left_join 'fk' at LINE: foreign_key gives int, the other table's keys are str",
        ),
        (
            lambda: ANY_ROWS.outer_join(past, both, "fk", foreign_key=same),
            "outer_join at LINE has foreign_key= and no alone=: the result has this table's keys",
        ),
        (
            lambda: ANY_ROWS.outer_join(past, both, "fk", foreign_key=same, alone=number),
            "outer_join at LINE: alone= gives int, this table's keys are str",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], problem: str) -> None:
    """With the step, the function, the line and a remedy."""
    with pytest.raises(TopologyError) as raised:
        make()
    here = re.escape(__file__)
    message = re.sub(rf"\({here}:\d+\)", "(FILE)", str(raised.value))
    assert re.sub(rf"{here}:\d+", "LINE", message).startswith(problem)


def test_two_steps_of_one_name_are_refused() -> None:
    """Names of tables, joins and their stores are names of state."""
    left = table(TEXTS, "same")
    ends = left.filter(bool, "same").to_stream().to(OUT)
    with pytest.raises(TopologyError, match="two steps are called 'same'"):
        Topology("t", ends)


def test_a_topic_is_read_as_a_global_table_or_otherwise_not_both() -> None:
    """As in Kafka Streams."""
    everything = global_table(TEXTS, "all")
    with pytest.raises(TopologyError, match="topic 'texts' is read at"):
        Topology("t", texts.join(everything, both, key=same).to(OUT))
