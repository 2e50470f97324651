"""Rows by key and times: found near a time, in the order of time, and gone again with the record that put them."""

from __future__ import annotations

from random import Random

import pytest

from streamapp.engine.ordered import TIME, by_key, by_time, key_part, last_key_part, ordered
from streamapp.engine.packed import NOTHING
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Undo, undo
from streamapp.formats import codec_for
from streamapp.state.kinds import connect, made
from streamapp.state.memory import MemoryRows
from streamapp.state.timed import TimedStore
from streamapp.state.times import TimesStore

KEY = codec_for(str)
SPECS = (
    StoreSpec("rows", "key-value", ordered(key_part(KEY), TIME, TIME), codec_for(int), times=2),
    StoreSpec("rows-times", "key-value", ordered(TIME, TIME, last_key_part(KEY)), NOTHING, order_of="rows"),
)
KEYS = ("a", "b", "a\0", "a\0\0b", "")
Model = dict[tuple[str, int, int], int]


class Walk:
    """A timed store and its order, with what must be in them."""

    def __init__(self, random: Random, *, told: bool, limit: int = 100) -> None:
        self.committed_rows = {spec.name: MemoryRows() for spec in SPECS}
        self.stores = {spec.name: made(spec, self.committed_rows[spec.name], limit) for spec in SPECS}
        connect(SPECS, self.stores)
        rows, order = self.stores["rows"], self.stores["rows-times"]
        assert isinstance(rows, TimedStore)
        assert isinstance(order, TimesStore)
        self.rows, self.order, self.random = rows, order, random
        self.journal: Undo = []
        rows.bind(self.journal)
        if told:
            rows.keep_order()
        self.model: Model = {}
        self.committed: Model = {}

    def record(self) -> None:
        """What a record does: some puts and looks, and at times a failure that undoes them."""
        before = dict(self.model)
        for _ in range(self.random.randrange(1, 4)):
            key, at = self.random.choice(KEYS), (self.random.randrange(6), self.random.randrange(3))
            value = self.random.choice((None, self.random.randrange(100)))
            if self.random.random() < 0.5:
                self.look(key)
            self.rows.put_at(key, at, value, at[0])
            self.model[key, *at] = value  # type: ignore[assignment]
            if value is None:
                del self.model[key, *at]
        if self.random.random() < 0.2:
            undo(self.journal)
            self.model = before
        self.journal.clear()

    def look(self, key: str) -> None:
        """The rows of a key near a time are those of the model, in order."""
        earliest = self.random.randrange(6)
        latest = earliest + self.random.randrange(4)
        expected = sorted(
            ((time, other), value)
            for (of, time, other), value in self.model.items()
            if of == key and earliest <= time <= latest
        )
        assert [(at, value) for at, value, _ in self.rows.near(key, earliest, latest)] == expected

    def turn(self) -> None:
        """A commit, a rollback, an expiry, or nothing."""
        match self.random.randrange(8):
            case 0:
                for writes in [store.writes() for store in self.stores.values()]:
                    self.committed_rows[writes.store].apply(writes)
                for store in self.stores.values():
                    store.settle()
                self.committed = dict(self.model)
            case 1:
                for store in self.stores.values():
                    store.rollback()
                self.model = dict(self.committed)
            case 2:
                latest = self.random.randrange(3)
                self.rows.expire(0, latest)
                self.journal.clear()
                self.model = {row: value for row, value in self.model.items() if row[1] > latest}

    def compare(self) -> None:
        """All rows are there, in both orders."""
        for key in KEYS:
            self.look(key)
        assert {key: value for key, value, _ in self.rows.range()} == self.model
        expected = sorted((time, other, key) for key, time, other in self.model)
        assert [entry for entry, _, _ in self.order.range()] == expected
        assert [entry for entry, _, _ in self.order.range(reverse=True)] == expected[::-1]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_a_timed_store_is_its_model(seed: int, told: bool) -> None:
    """Whatever records put, look for and undo, and wherever commits and rollbacks come in between."""
    walk = Walk(Random(seed), told=told)
    for _ in range(80):
        walk.record()
        walk.turn()
        walk.compare()


@pytest.mark.parametrize("seed", range(5))
def test_places_are_forgotten_and_found_again(seed: int) -> None:
    """With room for two keys the others are read anew from the committed rows."""
    walk = Walk(Random(seed), told=False, limit=2)
    for _ in range(100):
        walk.record()
        walk.turn()
        walk.compare()


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_of_the_order_tells_the_row(key: str) -> None:
    """Both are made of the same parts, with zeros in a key written two ways."""
    row_key, entry = SPECS[0].key.encode((key, 5, 3)), SPECS[1].key.encode((5, 3, key))
    assert by_time(row_key, 16) == entry
    assert by_key(entry, 16) == row_key
