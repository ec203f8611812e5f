"""Checkpoints in a log that is compacted and cut anywhere: what is closed comes back whole, nothing else does."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.streams import state_rows
from equipoise.streams.checkpoint import StateWriter
from equipoise.streams.state_rows import MEMPOOL, Recovered, StateDamagedError, select
from equipoise.streams.task import Changes

Log = list[tuple[bytes, bytes | None]]
NOTHING = Recovered({}, 0, 0, [])


class FakeDelivery:
    """Keeps the order in which records were written."""

    def __init__(self) -> None:
        self.log: Log = []


def _write(delivery: FakeDelivery, writer: StateWriter, rows: dict[str, bytes]) -> None:
    changes = Changes(0, rows[""], [(name, row) for name, row in rows.items() if name])
    for _, records in writer.stages(changes):
        delivery.log += [(record.key or b"", record.value) for record in records]


def _compacted(log: Log, upto: int) -> Log:
    """As a log cleaner may leave it: of the first records only the last of each key."""
    last = {key: number for number, (key, _) in enumerate(log)}
    return [record for number, record in enumerate(log) if number >= upto or last[record[0]] == number]


STATES = st.lists(
    st.dictionaries(st.sampled_from(["V:A", "V:B", "V:~C"]), st.binary(max_size=20), max_size=3), min_size=1, max_size=6
)


@settings(max_examples=100, deadline=None)
@given(STATES, st.data())
def test_a_crash_at_any_record_gives_the_last_closed_checkpoint(
    states: list[dict[str, bytes]], data: st.DataObject
) -> None:
    delivery, writer = FakeDelivery(), StateWriter("state", 0, 1, NOTHING)
    closed = [(0, dict[str, bytes]())]
    for number, state in enumerate(states):
        changed = {**state, "": b"partition %d" % number}
        _write(delivery, writer, changed)
        # the partition's row is the last that is no tombstone
        at = max(n for n, (key, value) in enumerate(delivery.log) if value is not None) + 1
        closed.append((at, {**closed[-1][1], **changed}))
    cut = data.draw(st.integers(0, len(delivery.log)))
    log = delivery.log[:cut]
    wanted = [rows for at, rows in closed if at <= cut][-1]
    assert select(_compacted(log, data.draw(st.integers(0, cut)))).rows == wanted


def test_a_new_generation_stands_alone_and_an_earlier_owner_loses() -> None:
    delivery = FakeDelivery()
    old = StateWriter("state", 0, 3, NOTHING)
    _write(delivery, old, {"": b"one", "V:A": b"a1"})
    first = select(delivery.log)
    new = StateWriter("state", 0, 4, first)
    zombie = FakeDelivery()
    _write(delivery, new, {"": b"two", "V:A": b"a2"})
    _write(zombie, old, {"": b"late", "V:A": b"a-late"})
    found = select(delivery.log + zombie.log)
    assert (found.rows, found.generation) == ({"": b"two", "V:A": b"a2"}, 4)
    deleted = {key for key, value in delivery.log if value is None}
    assert deleted == set(first.obsolete)


def test_large_rows_come_in_parts_and_count_only_when_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_rows, "PART_BYTES", 10)
    delivery, writer = FakeDelivery(), StateWriter("state", 0, 1, NOTHING)
    _write(delivery, writer, {"": b"p", "V:A": b"x" * 35})
    assert len(delivery.log) == 5
    assert select(delivery.log).rows["V:A"] == b"x" * 35
    assert "V:A" not in select(delivery.log[1:]).rows


def test_owners_do_not_see_each_other() -> None:
    delivery = FakeDelivery()
    _write(delivery, StateWriter("state", 0, 1, NOTHING), {"": b"orders"})
    _write(delivery, StateWriter("state", 0, 2, NOTHING, MEMPOOL), {"": b"pool"})
    assert select(delivery.log).rows == {"": b"orders"}
    assert select(delivery.log, MEMPOOL).rows == {"": b"pool"}


@pytest.mark.parametrize("damage", [lambda value: value[:-1], lambda value: b"EQS9" + value[4:], lambda _: b"x"])
def test_a_damaged_row_is_refused_by_name(damage: object) -> None:
    delivery = FakeDelivery()
    _write(delivery, StateWriter("state", 0, 1, NOTHING), {"": b"p", "V:A": b"a"})
    key, value = delivery.log[0]
    with pytest.raises(StateDamagedError, match=r"V:A\|1\|0\|0"):
        select([(key, damage(value)), delivery.log[1]])  # type: ignore[operator]


def test_ten_thousand_rows_are_selected_at_once() -> None:
    """Going through all rows for each would take minutes."""
    delivery, writer = FakeDelivery(), StateWriter("state", 0, 1, NOTHING)
    rows = {f"V:{number}": b"x" for number in range(10_000)} | {"": b"p"}
    _write(delivery, writer, rows)
    began = time.monotonic()
    assert select(delivery.log).rows == rows
    assert time.monotonic() - began < 5
