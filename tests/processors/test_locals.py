"""An engine holds rows for the instruments that it has seen, whatever their place in the table."""

import numpy as np
import pytest

from equipoise.processors.columns import Events
from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import INSTRUMENT_DTYPE, POLICY_DTYPE, SIDE_DTYPE, SLOT_DTYPE
from equipoise.schemas.enums import BookSource

from .rows import add, events, joined, table, wild

SOURCES = [BookSource.L3, BookSource.L2, BookSource.BBO]


def _moved(rows: Events, by: int) -> Events:
    return rows._replace(instrument=np.where(rows.instrument < 0, -1, rows.instrument + by).astype(np.int32))


def test_where_instruments_lie_in_the_table_changes_nothing_but_their_names() -> None:
    rows = wild(3, 300, table(*SOURCES))
    near = Engine(table(*SOURCES)).step(rows)
    far = Engine(table(*[BookSource.L3] * 500, *SOURCES)).step(_moved(rows, 500))
    for name in ("signals", "windows"):
        getattr(far, name)["instrument"] -= 500
    assert joined([far]) == joined([near])


def test_rows_are_given_as_instruments_come() -> None:
    listed = table(*[BookSource.L3] * 5000)
    engine = Engine(listed)
    engine.step(events(add(1, 1, 99, 5, instrument=4000), add(2, 2, 101, 5, instrument=-1)))
    assert set(engine.dump()) == {"", "T:S4000"}
    assert engine.best(4000).bid == 99
    assert engine.best(0).bid_quantity == 0
    engine.step(events(*(add(k, 1, 99, 5, instrument=k) for k in range(100, 140))))
    assert len(engine.dump()) == 42


@pytest.mark.parametrize("index", [-2, 1])
def test_an_index_outside_the_table_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match=rf"instrument: {index}, must be in \[-1, 1\)"):
        Engine(table()).step(events(add(1, 1, 99, 5, instrument=index)))


def test_an_instrument_takes_at_most_16_kib_without_its_book() -> None:
    settings = EngineSettings()
    sizes = [d.itemsize for d in (INSTRUMENT_DTYPE, POLICY_DTYPE)] + [2 * SIDE_DTYPE.itemsize]
    assert sum(sizes) + settings.slots * (SLOT_DTYPE.itemsize + 4) <= 16 * 1024
