"""A task: each record as a whole, in the same way however they are cut into batches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Topic, Topology, Windowed, stream, table, tumbling
from streamapp.engine.records import Headers, Row
from streamapp.errors import ProcessingError
from streamapp.state import Position
from tests.engine.tasks import Bench, bench, row, rows

WORDS = Topic("words", key=str, value=str)
NUMBERS = Topic("numbers", key=str, value=int)
USERS = Topic("users", key=str, value=str)
COPY = Topic("copy", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)
WINDOWS = Topic("windows", key=Windowed[str], value=int)
LABELS = Topic("labels", key=str, value=str)


def refuse_three(count: int) -> str:
    """Fails for one count."""
    if count == 3:
        raise ValueError("three is enough")
    return f"no {count}"


def refuse_bad(word: str) -> str:
    """Fails for one word."""
    if word == "bad":
        raise ValueError("a bad word")
    return word


def counting(on_error: Any = "dead_letter") -> Topology:
    """Copies each word, counts per key, counts per key and window, and then fails for the third of a key."""
    words = stream(WORDS)
    copied = words.to(COPY)
    windows = words.group_by_key().windowed_by(tumbling(10)).count("per-window").to_stream().to(WINDOWS)
    counts = words.group_by_key().count("per-key").to_stream()
    counted = counts.to(COUNTS)
    labels = counts.map_values(refuse_three).to(LABELS)
    return Topology("words", labels, counted, windows, copied, on_error=on_error)


def test_outputs_come_depth_first_in_the_order_the_author_wrote() -> None:
    """All that one record causes comes before anything of the next."""
    found = bench(counting()).process("words", row(5, "k", "a"), row(25, "k", "b"))
    assert [(topic, value, time) for topic, _, value, time in found] == [
        ("copy", "a", 5),
        ("windows", 1, 5),
        ("counts", 1, 5),
        ("labels", "no 1", 5),
        ("copy", "b", 25),
        ("windows", 1, 25),
        ("counts", 2, 25),
        ("labels", "no 2", 25),
    ]


def test_a_record_that_fails_half_way_leaves_no_trace() -> None:
    """Outputs, rows, clocks and counters are as if it had never been; the next record goes on from there."""
    tested = bench(counting())
    tested.process("words", *rows("a", "b"))
    before = tested.table("per-key"), tested.table("per-window"), tested.state.changes(), tested.task.times()
    assert tested.process("words", row(95, "k", "c")) == []
    after = tested.table("per-key"), tested.table("per-window"), tested.state.changes(), tested.task.times()
    assert after[:3] == before[:3]
    assert after[3] == {**before[3], "topic:words": 95}, "only the topic has been seen to be that far"
    assert [letter.row for letter in tested.task.dead_letters] == [row(95, "k", "c")]
    assert tested.process("words", row(7, "other", "d"))[0] == ("copy", "other", "d", 7)
    assert tested.table("per-window") == {("k", 0): 2, ("other", 0): 1}, "the window is not late: 95 was undone"


def test_only_what_the_failed_record_did_is_undone() -> None:
    """Records of the same batch, before and behind it, keep their results."""
    tested = bench(counting())
    found = tested.process("words", *rows("a", "b", "c", "d"), row(9, "l", "e"))
    assert [value for topic, _, value, _ in found if topic == "copy"] == ["a", "b", "e"]
    assert tested.table("per-key") == {"k": 2, "l": 1}
    assert [letter.row[0] for letter in tested.task.dead_letters] == [2, 3]


def test_a_late_record_that_fails_is_not_counted_as_late() -> None:
    """The counter is undone with the rest; of records that succeed it is kept."""
    words = stream(WORDS)
    late = words.group_by_key().windowed_by(tumbling(10)).count("per-window")
    tested = bench(Topology("t", late, words.map_values(refuse_bad).to(COPY)))
    tested.process("words", row(50, "k", "a"), row(5, "k", "bad"), row(6, "k", "b"))
    assert tested.task.late == {"per-window": 1}
    assert [letter.row[0] for letter in tested.task.dead_letters] == [5]


def test_a_dead_letter_is_the_record_as_it_came_and_what_was_wrong() -> None:
    """Bytes, headers and offset untouched; the author's function by name, file and line."""
    tested = bench(Topology("t", stream(WORDS).map_values(refuse_bad).to(COPY)), partition=3)
    bad: Row = (8, 9, b"\xc3\xa4", b"bad", (("trace", b"\xff"),))
    assert tested.process("words", bad) == []
    (letter,) = tested.task.dead_letters
    assert (letter.topic, letter.partition, letter.row, letter.stage) == ("words", 3, bad, "process")
    assert repr(letter.exception) == "ValueError('a bad word')"
    assert letter.function is not None
    assert letter.function.startswith("refuse_bad (")
    assert "test_task.py:" in letter.function


@pytest.mark.parametrize(
    ("key", "value"), [(b"\xff", b"1"), (b"k", b"one"), (b"k", b"1.5")], ids=["key", "value", "type"]
)
def test_a_record_that_does_not_decode_is_a_dead_letter(key: bytes, value: bytes) -> None:
    """Whether its key or its value; others go on."""
    tested = bench(Topology("t", stream(NUMBERS).to(COUNTS)))
    found = tested.process("numbers", (0, 0, key, value, ()), row(1, "k", "1"))
    assert found == [("counts", "k", 1, 1)]
    (letter,) = tested.task.dead_letters
    assert (letter.row, letter.stage, letter.function) == ((0, 0, key, value, ()), "decode", None)


def test_an_output_that_does_not_encode_is_a_dead_letter() -> None:
    """It is encoded when it is emitted, so its cause is known."""
    tested = bench(Topology("t", stream(NUMBERS).map_values(lambda n: 1 / n, value=float).to(Topic("f", str, float))))
    tested.process("numbers", row(0, "k", "2"), row(1, "k", "0"))
    overflow = bench(Topology("t", stream(NUMBERS).map_values(infinite).to(Topic("f", key=str, value=float))))
    assert overflow.process("numbers", row(0, "k", "2")) == []
    assert [type(letter.exception).__name__ for letter in tested.task.dead_letters] == ["ZeroDivisionError"]
    assert [str(letter.exception) for letter in overflow.task.dead_letters] == ["inf is not a number JSON can hold"]


def infinite(number: int) -> float:
    """No number for JSON."""
    return float("inf")


def test_null_keys_and_values_are_not_decoded() -> None:
    """They are null for the author's functions too."""
    tested = bench(Topology("t", stream(WORDS).map_values(str).to(COPY)))
    assert tested.process("words", row(0, None, "a"), row(1, "k", None)) == [
        ("copy", None, "a", 0),
        ("copy", "k", "None", 1),
    ]


# -- the policy to fail ------------------------------------------------------------------------------------------------


def test_fail_stops_at_the_record_and_says_where() -> None:
    """Topology, topic, partition, offset, function, and what to do; what came before stays."""
    tested = bench(counting("fail"), partition=2, application="shop-words")
    place = (
        r"'shop-words': record of topic 'words', partition 2, offset 2 failed in refuse_three \(.*test_task.py:\d+\)"
    )
    with pytest.raises(ProcessingError, match=place + ': ValueError: three is enough.*on_error="dead_letter"'):
        tested.task.process("words", rows("a", "b", "c", "d"))
    assert [value for topic, _, value, _ in tested.taken() if topic == "counts"] == [1, 2]
    assert tested.table("per-key") == {"k": 2}
    assert tested.task.dead_letters == []


def test_fail_names_what_cannot_be_decoded() -> None:
    """No function is to blame."""
    tested = bench(Topology("t", stream(NUMBERS).to(COUNTS), on_error="fail"))
    with pytest.raises(ProcessingError, match="offset 4 cannot be decoded"):
        tested.task.process("numbers", [row(4, "k", "x")])


# -- events ------------------------------------------------------------------------------------------------------------

EVENT: Headers = (("ce_specversion", b"1.0"), ("ce_id", b"cause"), ("ce_type", b"Word"), ("other", b"kept"))


def event_headers(tested: Bench, *given: Row) -> list[dict[str, bytes | None]]:
    """The headers of the outputs that rows cause."""
    tested.task.process("words", given)
    return [dict(headers) for *_, headers in tested.task.take_outputs()]


def two_copies() -> Topology:
    """Two outputs for each record, to two topics."""
    return Topology("t", stream(WORDS).to(COPY), stream(WORDS).to(LABELS))


def test_event_ids_are_the_same_at_every_run_and_in_every_batch() -> None:
    """Replay and retry give the ids that were given first."""
    given = [row(at, "k", "a", 1_000, EVENT) for at in range(3)]
    at_once = [headers["ce_id"] for headers in event_headers(bench(two_copies()), *given)]
    again = bench(two_copies())
    one_by_one = [headers["ce_id"] for one in given for headers in event_headers(again, one)]
    assert at_once == one_by_one
    assert len(set(at_once)) == 6


@pytest.mark.parametrize("other", [{"partition": 1}, {"application": "other"}])
def test_event_ids_are_of_one_partition_and_application(other: dict[str, Any]) -> None:
    """Nobody else gives the same."""
    ids = [event_headers(bench(two_copies(), **named), row(0, "k", "a", 0, EVENT)) for named in ({}, other)]
    assert not {headers["ce_id"] for headers in ids[0]} & {headers["ce_id"] for headers in ids[1]}


def test_an_event_names_its_cause_and_its_chain() -> None:
    """Causation is the input's id, correlation is passed on, or begins with the input; the rest is kept."""
    first, second = (
        event_headers(bench(two_copies()), row(0, "k", "a", 1_500, headers))[0]
        for headers in (EVENT, (*EVENT, ("ce_correlationid", b"chain")))
    )
    assert (first["ce_causationid"], first["ce_correlationid"]) == (b"cause", b"cause")
    assert (second["ce_causationid"], second["ce_correlationid"]) == (b"cause", b"chain")
    assert first["ce_type"] == b"str"
    assert (first["ce_source"], first["ce_time"], first["other"]) == (b"app", b"1970-01-01T00:00:01.500Z", b"kept")


def test_records_that_are_no_events_cause_none() -> None:
    """Their headers are passed on as they are, in order."""
    tested = bench(Topology("t", stream(WORDS).to(COPY)))
    tested.task.process("words", [row(0, "k", "a", 0, (("b", b"1"), ("a", None), ("b", b"2")))])
    assert tested.task.take_outputs() == [(0, 0, b"k", b"a", (("b", b"1"), ("a", None), ("b", b"2")))]


# -- time, commit and rollback -----------------------------------------------------------------------------------------


def test_clocks_go_forward_only_and_come_back_after_a_restart() -> None:
    """Of each topic and of each operator that has one."""
    tested = bench(counting())
    assert tested.task.times() == {}
    tested.process("words", row(0, "k", "a", 50), row(1, "k", "b", 30))
    assert tested.task.times() == {"topic:words": 50, "per-window": 50}
    restarted = bench(counting())
    restarted.task.restore_times(tested.task.times())
    assert restarted.task.times() == tested.task.times()
    restarted.process("words", row(2, "k", "c", 9))
    assert restarted.task.late == {"per-window": 1}


def test_rollback_forgets_what_was_not_committed() -> None:
    """Outputs, dead letters and clocks; the stores are rolled back by their owner."""
    tested = bench(counting())
    tested.process("words", *rows("a", "b"))
    tested.state.commit(Position())
    times = tested.task.times()
    tested.task.process("words", [row(60, "k", "c"), row(61, "l", "d")])
    assert tested.task.dead_letters
    tested.task.rollback(times)
    tested.state.rollback()
    assert (tested.taken(), tested.task.dead_letters, tested.task.times()) == ([], [], times)
    assert (tested.table("per-key"), tested.table("per-window")) == ({"k": 2}, {("k", 0): 2})


def test_expire_removes_what_is_older_than_the_retention() -> None:
    """Counted back from the operator's own stream time: size 10, grace 5 and 1 ms unless the author wants more."""
    words = stream(WORDS).group_by_key()
    windows = tumbling(10, grace=5)
    tested = bench(
        Topology(
            "t", words.windowed_by(windows).count("short"), words.windowed_by(windows).count("long", retention=100)
        )
    )
    tested.process("words", *(row(at, "k", "a") for at in (0, 10, 20, 36)))
    tested.task.expire()
    assert list(tested.table("short")) == [("k", 20), ("k", 30)]
    assert list(tested.table("long")) == [("k", 0), ("k", 10), ("k", 20), ("k", 30)]


def test_expire_before_any_record_removes_nothing() -> None:
    """There is no stream time yet."""
    tested = bench(counting())
    tested.task.expire()
    assert tested.state.changes() == {"per-key": [], "per-window": []}


def test_dropped_records_are_counted_by_step() -> None:
    """Null keys and values that a step cannot use, by the name of what it keeps."""
    tested = bench(counting())
    tested.process("words", row(0, None, "a"), row(1, "k", None), row(2, "k", "a"))
    assert tested.task.dropped == {"per-window": 1, "per-key": 2}


WORDS_AND_USERS = st.lists(
    st.tuples(
        st.sampled_from(["words", "users"]),
        st.sampled_from(["k", "l", None]),
        st.sampled_from(["a", "bad", None]),
        st.integers(0, 60),
    ),
    max_size=30,
)


def everything() -> Topology:
    """A step of each kind, one of which fails for some words."""
    words = stream(WORDS)
    joined = words.left_join(table(USERS, "users"), lambda word, user: f"{word} of {user}", value=str)
    return Topology(
        "t",
        joined.to(COPY),
        words.filter(lambda word: word is not None).map_values(refuse_bad).group_by_key().count("per-key"),
        words.group_by_key().windowed_by(tumbling(10, grace=5)).count("per-window").to_stream().to(WINDOWS),
    )


@given(WORDS_AND_USERS, st.data())
def test_the_results_do_not_depend_on_how_records_are_cut_into_batches(
    given_: list[tuple[str, str | None, str | None, int]], data: st.DataObject
) -> None:
    """Runs of one topic, cut anywhere: the same outputs, rows, clocks, counters and dead letters."""
    one_by_one, in_runs = bench(everything()), bench(everything())
    outputs: list[Any] = []
    runs: list[tuple[str, list[Row]]] = []
    for offset, (topic, key, value, time) in enumerate(given_):
        record = row(offset, key, value, time)
        outputs += one_by_one.process(topic, record)
        if not runs or runs[-1][0] != topic or data.draw(st.booleans()):
            runs.append((topic, []))
        runs[-1][1].append(record)
    assert [output for topic, run in runs for output in in_runs.process(topic, *run)] == outputs
    for store in ("users", "per-key", "per-window"):
        assert in_runs.table(store) == one_by_one.table(store)
    first, second = one_by_one.task, in_runs.task
    assert (first.times(), first.late, first.dropped) == (second.times(), second.late, second.dropped)
    assert [letter.row for letter in first.dead_letters] == [letter.row for letter in second.dead_letters]
