"""Files: packed or not, damaged, with endless lines; tick and lot inferred from what is in them."""

import bz2
import gzip
import lzma
from decimal import Decimal

import pytest

from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Cause
from equipoise.streams.sources import files as module
from equipoise.streams.sources import presets
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.recording import open_recording

DAY = "X_2012-06-21_message.csv"


@pytest.mark.parametrize(
    ("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)]
)
def test_the_extension_says_how_a_file_is_packed(tmp_path, suffix, pack):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(pack(b"one\r\ntwo\n\nfour"))
    opened = Files([path])
    assert list(opened.lines(path)) == [b"one", b"two", b"", b"four"]
    assert opened.bytes_read == opened.bytes_total == path.stat().st_size


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_file_that_ends_early_is_named_after_its_good_lines(tmp_path, suffix, pack):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(pack(b"".join(b"%d line\n" % number for number in range(50_000)))[:-2000])
    lines = Files([path]).lines(path)
    assert next(lines) == b"0 line"
    with pytest.raises(RecordingError, match=rf"a\{suffix}: damaged after byte \d+"):
        list(lines)


def test_what_is_not_packed_as_its_name_says_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(b"plain")
    with pytest.raises(RecordingError, match="damaged"):
        list(Files([path]).lines(path))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(RecordingError, match="nowhere: no such file"):
        Files([tmp_path / "nowhere"])
    with pytest.raises(RecordingError, match="files: none given"):
        Files([])


def test_an_endless_line_is_one_refused_record_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LINE_MAX", 1 << 17)
    path = tmp_path / DAY
    good = b"34200.5,1,1,100,1000100,1\n"
    path.write_bytes(good + b"9" * 1_000_001 + b"\n" + good.replace(b",1,1,", b",1,2,"))
    (chunk,) = open_recording("lobster", [path], "N:X", Instruments()).chunks()
    assert [len(record.value) for record in chunk.records] == [25, (1 << 17) + 1, 25]
    assert [(refusal.record, refusal.cause) for refusal in chunk.decoded.refusals] == [(1, Cause.TOO_LARGE)]
    assert chunk.decoded.events.order_id.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("prices", "sizes", "tick", "lot"),
    [
        ([1000100, 1000300], [100, 250], "0.01", "1"),
        ([1002500, 1005000], [1, 2], "0.25", "1"),
        ([1000500, 1001000], [1, 2], "0.05", "1"),
        ([1000300, 1000600], [1, 2], "0.01", "1"),  # a step of 0.03 is nobody's
        ([1000000, 2000000], [1, 2], "100", "1"),
        ([1000050, 1000100], [1, 2], "0.005", "1"),
    ],
)
def test_tick_and_lot_are_the_steps_that_the_records_show(tmp_path, prices, sizes, tick, lot):
    path = tmp_path / DAY
    path.write_text("\n".join(f"34200.5,1,{k + 1},{sizes[k]},{prices[k]},1" for k in range(2)))
    instruments = Instruments()
    recording = open_recording("lobster", [path], "NASDAQ:X", instruments)
    assert (recording.instrument.tick, recording.instrument.lot) == (Decimal(tick), Decimal(lot))
    assert recording.inferred
    assert recording.notes == [f"NASDAQ:X: no instrument record; inferred tick {tick}, lot {lot}, L3 book"]
    assert instruments.find("NASDAQ", "X") == 0


def test_an_instrument_that_is_given_is_not_guessed_and_off_its_tick_is_a_refusal(tmp_path):
    path = tmp_path / DAY
    path.write_text("34200.5,1,1,100,1000100,1\n34200.5,1,2,100,1000150,1\n")
    instruments = Instruments()
    open_recording("lobster", [path], "N:X", instruments)
    given = Instruments()
    given.add(instruments[0].__class__("N", "X", Decimal("0.01"), Decimal(1)))
    recording = open_recording("lobster", [path], "N:X", given)
    (chunk,) = recording.chunks()
    assert recording.notes == []
    assert [refusal.cause for refusal in chunk.decoded.refusals] == [Cause.PRICE_OFF_TICK]


@pytest.mark.parametrize("name", ["NASDAQ", ":X", "N:", ""])
def test_an_instrument_is_venue_and_symbol(tmp_path, name):
    with pytest.raises(RecordingError, match="expected VENUE:SYMBOL"):
        open_recording("lobster", [tmp_path], name, Instruments())


def test_an_unknown_preset_lists_those_there_are(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(RecordingError, match="preset: 'itch', expected one of binance, ") as caught:
        open_recording("itch", [tmp_path / "a"], "A:B", Instruments())
    assert all(name in str(caught.value) for name in presets.NAMES)
