"""The input: the same on every run, in order, and what must come of it."""

from __future__ import annotations

import msgspec
import pytest

from bench.data import DISORDER, LATEST, SPAN, Dataset, events, orders, users
from bench.workloads.values import Event, Order, Payment, User

BASE = 1_700_000_000_000


def test_events_are_what_the_workloads_declare() -> None:
    """They decode, their keys and stamps are those of the records, and the important ones are counted."""
    outputs: dict[str, int] = {}
    made = list(events(Dataset("events", 6_000, keys=50), BASE, outputs))
    values = [msgspec.json.decode(value, type=Event, strict=True) for _, _, _, value in made]
    assert len(made) == 6_000
    assert [(row[1], row[2].decode()) for row in made] == [(value.ts, value.user_id) for value in values]
    assert outputs["W1"] == sum(value.important for value in values)
    assert 170 < sum(len(row[3]) for row in made) / len(made) < 200
    assert made == list(events(Dataset("events", 6_000, keys=50), BASE, {}))


def test_no_event_is_later_than_the_disorder() -> None:
    """So that no workload drops one, and every output can be counted on."""
    newest = BASE - DISORDER
    for _, timestamp, _, _ in events(Dataset("events", 20_000), BASE, {}):
        assert timestamp >= newest - DISORDER
        newest = max(newest, timestamp)
    assert newest - BASE == pytest.approx(SPAN, abs=2 * DISORDER)


def test_payments_in_time_are_counted() -> None:
    """By the same rule as the join."""
    outputs: dict[str, int] = {}
    dataset = Dataset("orders", 2_000)
    made = list(orders(dataset, BASE, outputs))
    placed = {row[2]: row[1] for row in made if row[0] == dataset.topics[0]}
    paid = {row[2]: row[1] for row in made if row[0] == dataset.topics[1]}
    assert outputs["W6"] == sum(paid[key] - placed[key] <= LATEST for key in placed)
    assert 0 < outputs["W6"] < len(placed) == len(paid) == 1_000
    msgspec.json.decode(made[0][3], type=Order, strict=True)
    msgspec.json.decode(made[-1][3], type=Payment, strict=True)


def test_every_user_is_older_than_every_event() -> None:
    """So that the join finds all."""
    made = list(users(Dataset("users", 10_000), BASE, {}))
    assert max(row[1] for row in made) < BASE - DISORDER
    assert msgspec.json.decode(made[3][3], type=User, strict=True).user_id == made[3][2].decode()
