"""State rows: damage, other versions and other settings are refused in words."""

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from equipoise.processors import sections
from equipoise.processors.columns import Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.panel.settings import PanelSettings
from equipoise.processors.sections import Section
from equipoise.processors.settings import EngineSettings, TimeSettings
from equipoise.processors.squeeze import squeezed, widened
from equipoise.processors.storage import StateError
from equipoise.schemas.enums import Action, BookSource
from equipoise.streams.settings import load as load_settings
from equipoise.streams.settings.engine import engine_settings

from .rows import SECOND, T0, add, events, joined, part, table, trade, wild


def rows() -> dict[str, bytes]:
    engine = Engine(table())
    intents = [{"action": Action.INTENT, "order_id": k, "side": 1 + k % 2, "quantity": 5} for k in range(4)]
    engine.step(events(add(1, 1, 99, 5), add(2, 1, 99, 6), add(3, 2, 101, 5), trade(1, 101, 1), *intents))
    return engine.dump()


def load(stored: dict[str, bytes], **settings: TimeSettings) -> Engine:
    engine = Engine(table(), EngineSettings(**settings))  # type: ignore[arg-type]
    engine.load(stored)
    return engine


def test_a_dump_of_a_loaded_engine_is_the_same() -> None:
    assert load(rows()).dump() == rows()


@pytest.mark.parametrize("name", ["", "T:S0"])
def test_every_damaged_byte_is_refused(name: str) -> None:
    stored = rows()
    whole = stored[name]
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        broken = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(StateError):
            load(stored | {name: broken})
    for length in (0, 10, len(whole) - 1):
        with pytest.raises(StateError):
            load(stored | {name: whole[:length]})


def test_other_settings_are_refused() -> None:
    told = r"state of other .*: instrument: was stored with window_ns 1000000000 \(now 2000000000\); restore those"
    with pytest.raises(StateError, match=told):
        load(rows(), time=TimeSettings(window_ns=2 * SECOND))


def test_fewer_topics_are_refused_and_more_are_not() -> None:
    wider = Engine(table(), sources=2)
    wider.load(rows())
    with pytest.raises(StateError, match="2 sources, now 1"):
        Engine(table(), sources=1).load(wider.dump())


def test_another_version_is_refused() -> None:
    stored = rows()
    newer = stored["T:S0"][:4] + b"\x63\x00" + stored["T:S0"][6:]
    with pytest.raises(StateError, match="version 99, this program reads 1 to 3"):
        load(stored | {"T:S0": newer})


def test_a_missing_partition_row_is_refused() -> None:
    with pytest.raises(StateError, match="the partition's row is missing"):
        load({name: row for name, row in rows().items() if name})


def test_rows_of_two_layouts_are_refused() -> None:
    other = Engine(table(), EngineSettings(time=TimeSettings(lateness_ns=2 * SECOND)))
    other.step(events(add(1, 1, 99, 5)))
    with pytest.raises(StateError, match="'T:S0': not of the partition row's layout"):
        load(rows() | {"T:S0": other.dump()["T:S0"]})


def _alike(found: Outputs, wanted: Outputs) -> None:
    """Integers exactly; floats but for their last bits: exp2 was another polynomial when that state was written."""
    for name in Outputs._fields[:-1]:
        left, right = getattr(found, name), getattr(wanted, name)
        for field in left.dtype.names or [...]:
            np.testing.assert_allclose(left[field], right[field], rtol=1e-12 if left[field].dtype.kind == "f" else 0)


def test_state_of_version_1_is_read() -> None:
    """Rows that the first version wrote after 500 rows of this market. It had no measures beside the kernel's own."""
    stored = _kept("version_1")
    listed, none = table(BookSource.L3, BookSource.L2, BookSource.BBO), PanelSettings(())
    market = wild(42, 800, listed, 2)
    loaded, whole = (Engine(listed, EngineSettings(panel=none), sources=2) for _ in range(2))
    loaded.load(stored)
    whole.step(part(market, 0, 500))
    _alike(loaded.step(part(market, 500, 800)), whole.step(part(market, 500, 800)))
    other = EngineSettings(time=TimeSettings(window_ns=2 * SECOND), panel=none)
    with pytest.raises(StateError, match="other windows, half-lives or buckets"):
        Engine(listed, other, sources=2).load(stored)


@pytest.mark.slow  # uncompiled
def test_state_of_version_2_is_read_beside_rows_of_today() -> None:
    """Rows that the second version wrote after 500 rows of this market, with every measure on."""
    stored, settings = _kept("version_2"), engine_settings(load_settings(None, {}))
    listed = table(BookSource.L3, BookSource.L2, BookSource.BBO)
    market = wild(42, 800, listed, 2)
    loaded, mixed, whole = (Engine(listed, settings, sources=2) for _ in range(3))
    loaded.load(stored)
    whole.step(part(market, 0, 500))
    now = whole.dump()
    assert loaded.dump() == now
    assert {len(now[name]) < len(row) / 2 for name, row in stored.items() if name} == {True}
    mixed.load(stored | {"": now[""], "T:S1": now["T:S1"]})
    assert mixed.dump() == now
    _alike(loaded.step(part(market, 500, 800)), whole.step(part(market, 500, 800)))


@pytest.mark.parametrize("change", [lambda body: body[8:], lambda body: bytes(8) + body])
def test_sections_of_version_2_of_another_size_are_refused(change: Callable[[bytes], bytes]) -> None:
    stored, head = _kept("version_2"), 48  # bytes, and a checksum of four
    row = stored["T:S1"]
    body = change(row[head + 4 :])
    sized = row[:head] + zlib.crc32(body, zlib.crc32(row[:head])).to_bytes(4, "little") + body
    engine = Engine(table(BookSource.L3, BookSource.L2, BookSource.BBO), engine_settings(load_settings(None, {})), 2)
    with pytest.raises(StateError, match="'T:S1': sections of another size"):
        engine.load(stored | {"T:S1": sized})


def _kept(version: str) -> dict[str, bytes]:
    kept = json.loads((Path(__file__).parent / "states" / f"{version}.json").read_text())
    return {name: zlib.decompress(base64.b64decode(row)) for name, row in kept.items()}


@pytest.mark.parametrize("words", [0, 1, 63, 64, 65, 200])
def test_words_that_are_zero_are_left_out(words: int) -> None:
    draw = np.random.default_rng(words)
    rows = draw.integers(0, 2**64, (7, words), np.uint64) * draw.integers(0, 2, (7, words), np.uint64)
    rows[3:5], rows[5:] = 0, rows[5:] | np.uint64(1)
    found = squeezed(rows)
    assert [len(row) for row in found] == [8 * (-(-words // 64) + np.count_nonzero(row)) for row in rows]
    again, bad = widened(found, words)
    assert bad == -1
    np.testing.assert_array_equal(again, rows)


def test_what_was_not_squeezed_so_is_told() -> None:
    (row,) = squeezed(np.array([[1, 0, 2]], np.uint64))
    for other in (row[:-1], row[:-8], row + bytes(8), b"", bytes(7)):
        assert widened([row, other, row], 3)[1] == 1
    assert widened([row], 65)[1] == 0
    assert widened([], 3)[0].shape == (0, 3)


def test_only_what_changed_since_the_mark_is_written() -> None:
    listed = table(BookSource.L3, BookSource.L3, BookSource.L3)
    engine = Engine(listed)
    engine.step(events(*(add(1, 1, 99, 5, instrument=i) for i in range(3))))
    first = engine.snapshot()
    assert first.keys == ["T:S0", "T:S1", "T:S2"]
    assert engine.snapshot(first.mark).keys == []
    engine.step(events(add(2, 1, 99, 5, instrument=1), add(3, 9, 99, 5, instrument=2)))
    second = engine.snapshot(first.mark)
    assert second.keys == ["T:S1", "T:S2"]  # the latter's row was refused, and counted
    engine.step(events(add(4, 1, 99, 5, instrument=1, event_ns=T0 + 2 * SECOND)))
    assert engine.snapshot(second.mark).keys == first.keys  # their windows closed


def test_changed_rows_over_earlier_ones_are_the_whole_state() -> None:
    listed = table(BookSource.L3, BookSource.L2, BookSource.L3, BookSource.BBO)
    market = wild(7, 900, listed, 2)
    engine, stored, mark = Engine(listed, sources=2), dict[str, bytes](), 0
    for start in range(0, 600, 20):
        engine.step(part(market, start, start + 20))
        taken = engine.snapshot(mark)
        stored |= {"": taken.partition, **dict(taken.rows())}
        mark = taken.mark
    again = Engine(listed, sources=2)
    again.load(stored)
    rest = part(market, 600, 900)
    assert joined([again.step(rest)]) == joined([engine.step(rest)])


def test_a_snapshot_stays_as_it_was_taken() -> None:
    engine = Engine(table())
    engine.step(events(add(1, 1, 99, 5)))
    taken = engine.snapshot()
    wanted = list(taken.rows())
    engine.step(events(add(2, 1, 98, 5), trade(1, 99, 1)))
    assert list(taken.rows()) == wanted


def test_fields_are_read_by_name_and_new_ones_begin_as_new() -> None:
    old = np.zeros((1, 1), np.dtype([("gone", "i8"), ("kept", "i4"), ("longer", "f8", (2,))], align=True))
    old["kept"], old["longer"] = 7, 1.5
    now = np.full((2, 1), -1, np.dtype([("kept", "i8"), ("fresh", "i8"), ("longer", "f8", (3,))], align=True))
    before = Section("part", {"unit": "lots", "only then": 1}, old)
    (shape,) = sections.described(sections.describe(sections.shapes([before])))
    (read,) = sections.unpacked([shape], next(sections.packed([before], np.arange(1))))
    assert read.rows.dtype == old.dtype
    sections.take([Section("part", {"unit": "lots", "only now": 1}, now), Section("new", {}, now)], [read])
    assert now["kept"].tolist() == [[7], [-1]]
    assert now["fresh"].tolist() == [[-1], [-1]]
    assert now["longer"][0].tolist() == [[1.5, 1.5, -1.0]]
    with pytest.raises(sections.MeaningError, match=r"part: was stored with unit lots \(now ticks\)"):
        sections.take([Section("part", {"unit": "ticks"}, now)], [read])
