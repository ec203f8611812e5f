import time

import numpy as np
import pytest

from equipoise.processors.columns import Events
from equipoise.schemas.enums import Action, Side
from equipoise.streams.simulator.load import LoadSettings, load_digest, load_events, load_instruments

from .slow_book import rows_of

# SHA-256 of the first million rows of seed 1 (see `load_digest`).
PINNED = {
    ("uniform", 8): "f6aa5a56504038097ab21a56621c8c4fd9ba28660fb21a5326efa5d226b86f3f",
    ("zipf", 8): "40cc6d7f98e3b10620a810fb538bd78a50a596b155e110c21ca6b128f813dfdb",
    ("uniform", 10_000): "ee06850bf70a14e3aefb0208b276203d6b3d0785fde26c6c01e32b35d611fd25",
    ("zipf", 10_000): "99b2c2986c6263a5cf85b9a6201436c20c6cd28d8c81421757ef72e18da18721",
}


def joined(settings, rows, **how):
    chunks = list(load_events(settings, rows, **how))
    return Events(*(np.concatenate(columns) for columns in zip(*chunks, strict=True)))


@pytest.mark.parametrize(("distribution", "instruments"), PINNED)
def test_the_data_sets_are_pinned(distribution, instruments):
    settings = LoadSettings(instruments=instruments, distribution=distribution)
    assert load_digest(settings, 1_000_000) == PINNED[distribution, instruments]


def test_the_size_of_a_chunk_changes_nothing():
    settings = LoadSettings(seed=5, instruments=50, distribution="zipf")
    whole, cut = joined(settings, 20_000), joined(settings, 20_000, chunk_rows=777)
    for one, other in zip(whole, cut, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("distribution", ["uniform", "zipf"])
def test_books_are_valid_at_every_row(distribution):
    events = joined(LoadSettings(seed=3, instruments=5, distribution=distribution), 40_000)
    books, sequences = {}, {}
    for row in rows_of(events):
        index = row["instrument"]
        assert row["sequence"] == sequences.get(index, -1) + 1
        sequences[index] = row["sequence"]
        if row["action"] == Action.CLEAR:
            assert index not in books
            books[index] = {}
            continue
        apply(books[index], row)
    counts = np.bincount(events.action, minlength=6)
    for action in (Action.ADD, Action.MODIFY, Action.CANCEL, Action.EXECUTE):
        assert counts[action] > 2_000, Action(action).name
    assert len({row["order_id"] for row in rows_of(events) if row["action"] == Action.ADD}) == counts[Action.ADD]


def apply(book, row):
    prices = {side: [p for s, p, _ in book.values() if s == side] for side in (Side.BID, Side.ASK)}
    if row["action"] == Action.ADD:
        assert row["order_id"] not in book
        other = prices[Side.ASK if row["side"] == Side.BID else Side.BID]
        assert not other or (row["price"] < min(other) if row["side"] == Side.BID else row["price"] > max(other))
        book[row["order_id"]] = [row["side"], row["price"], row["quantity"]]
        return
    order = book[row["order_id"]]
    assert order[:2] == [row["side"], row["price"]]
    assert 0 < row["quantity"] <= order[2]
    if row["action"] == Action.MODIFY:
        order[2] = row["quantity"]
        return
    if row["action"] == Action.EXECUTE:
        assert row["price"] == (max if row["side"] == Side.BID else min)(prices[row["side"]])
    order[2] -= row["quantity"]
    if order[2] == 0:
        del book[row["order_id"]]
    else:
        assert row["action"] == Action.EXECUTE


def test_event_time_runs_at_the_rate_that_was_asked_for():
    settings = LoadSettings(rows_per_second=100_000)
    events = joined(settings, 200_001)
    assert events.event_ns[-1] - events.event_ns[0] == 2_000_000_000
    assert np.all(np.diff(events.event_ns) == 10_000)
    assert np.all(events.arrival_ns > events.event_ns)


def test_instruments_come_as_often_as_they_should():
    rows = 400_000
    uniform = np.bincount(joined(LoadSettings(instruments=20), rows).instrument, minlength=20)
    assert np.all(np.abs(uniform - rows / 20) < 5 * np.sqrt(rows / 20))
    zipf = np.bincount(joined(LoadSettings(instruments=20, distribution="zipf"), rows).instrument, minlength=20)
    expected = rows / np.arange(1, 21) / np.sum(1 / np.arange(1, 21))
    assert np.all(np.abs(zipf - expected) < 5 * np.sqrt(expected))


def test_the_table_of_instruments_fits():
    table = load_instruments(12)
    assert [table[0].key, table[11].key, len(table)] == ["LOAD:I00000", "LOAD:I00011", 12]


def test_it_is_fast_enough_to_feed_a_benchmark():
    """A fifth of what it reaches on one core, so that a busy machine does not fail it."""
    settings = LoadSettings(instruments=10_000, distribution="zipf")
    joined(settings, 1_000)
    start = time.perf_counter()
    for _ in load_events(settings, 1_000_000):
        pass
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("bad", [{"instruments": 0}, {"rows_per_second": 0}, {"distribution": "normal"}])
def test_bad_settings_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        LoadSettings(**bad)
