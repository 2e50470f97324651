"""Moments of a log, as they are typed."""

from __future__ import annotations

import pytest

from streamapp.cli.moments import Moment, Offset, Place, Time, moment
from streamapp.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Offset(0)),
        ("1291191960000", Time(1_291_191_960_000)),
        ("2010-12-01T08:26:00Z", Time(1_291_191_960_000)),
        ("2010-12-01T08:26", Time(1_291_191_960_000)),
        ("2010-12-01T09:26:00.5+01:00", Time(1_291_191_960_500)),
        ("2010-12-01", Time(1_291_161_600_000)),
        ("retail:0:17", Place("retail", 0, 17)),
        ("a.b-c_d/3/17", Place("a.b-c_d", 3, 17)),
    ],
)
def test_a_moment_is_an_offset_a_time_or_a_record(text: str, expected: Moment) -> None:
    """Times are UTC unless they say otherwise; large numbers are milliseconds."""
    assert moment("--until", text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "retail:0", "retail:x:1", "2010-13-01"])
def test_what_is_no_moment_is_refused_with_the_forms_there_are(text: str) -> None:
    """Naming the option and what was typed."""
    with pytest.raises(UsageError, match=r"--until .*2010-12-01T08:26:00Z.*TOPIC:PARTITION:OFFSET"):
        moment("--until", text)
