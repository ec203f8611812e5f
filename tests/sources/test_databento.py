"""Databento MBO: recorded counts, CSV equal to DBN, triples, and bad lines."""

import csv
from collections import Counter
from datetime import date
from types import SimpleNamespace

import databento_dbn as dbn
import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Cause, Flag, Side
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.recording import open_recording
from equipoise.streams.sources.times import iso_ns

HEAD = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,"
    "ts_in_delta,sequence,symbol"
)
T0 = 1_752_735_909_035_627_674


def line(action="A", side="B", price="5.510000000", size="100", order="7", flags="130", sequence="5", **more):
    recv, event, symbol = more.get("recv", f"{T0 + 9}"), more.get("event", f"{T0}"), more.get("symbol", "ARL")
    return f"{recv},{event},160,2,1108,{action},{side},{price},{size},0,{order},{flags},1,{sequence},{symbol}"


def read(folder, *lines):
    path = folder / "mbo.csv"
    path.write_text("\n".join([HEAD, line(sequence="1"), *lines]))
    (chunk,) = open_recording("databento-mbo", [path], "XNAS:ARL", Instruments()).chunks()
    return chunk.decoded


def all_rows(path):
    recording = open_recording("databento-mbo", [path], "XNAS:ARL", Instruments())
    chunks = list(recording.chunks(999))
    rows = np.concatenate([np.stack([c.astype("i8") for c in chunk.decoded.events]) for chunk in chunks], axis=1)
    refused = Counter(refusal.cause for chunk in chunks for refusal in chunk.decoded.refusals)
    return rows, refused, sum(len(chunk.records) for chunk in chunks)


@pytest.mark.recorded
def test_recorded_actions_have_the_known_counts(shared_data):
    rows, refused, records = all_rows(shared_data / "databento-arl-mbo" / "mbo.csv")
    _, action, side, flags = rows[:4]
    assert records == 5_886
    assert Counter(action.tolist()) == {Action.ADD: 2_915, Action.CANCEL: 2_913, Action.TRADE: 46, Action.CLEAR: 1}
    assert refused == {Cause.DUPLICATE_FILL: 11}
    trades = action == Action.TRADE
    assert Counter(side[trades].tolist()) == {Side.NONE: 35, Side.BID: 9, Side.ASK: 2}
    assert ((flags[trades] & Flag.HIDDEN != 0) == (side[trades] == Side.NONE)).all()
    traded = flags & Flag.TRADED != 0
    assert Counter(action[traded].tolist()) == {Action.CANCEL: 11}
    assert rows[5][traded].sum() == rows[5][trades & (side != Side.NONE)].sum()  # each fill once on either side


@pytest.mark.recorded
@pytest.mark.parametrize("packed", [False, True])
def test_dbn_gives_the_same_rows_as_csv(shared_data, tmp_path, packed):
    source = shared_data / "databento-arl-mbo" / "mbo.csv"
    mapping = SimpleNamespace(
        raw_symbol="ARL",
        intervals=[SimpleNamespace(start_date=date(2025, 7, 17), end_date=date(2025, 7, 18), symbol="1108")],
    )
    metadata = dbn.Metadata(
        dataset="XNAS.ITCH", start=T0, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.MBO, symbols=["ARL"], partial=[], not_found=[], mappings=[mapping],
    )  # fmt: skip
    data = metadata.encode() + b"".join(map(_message, csv.DictReader(source.open())))
    path = tmp_path / "arl.dbn"
    if packed:
        import pyarrow

        path = tmp_path / "arl.dbn.zst"
        with pyarrow.CompressedOutputStream(str(path), "zstd") as out:
            out.write(data)
    else:
        path.write_bytes(data)
    ours, refused, records = all_rows(path)
    theirs, refused_csv, records_csv = all_rows(source)
    assert (records, refused) == (records_csv, refused_csv)
    assert np.array_equal(ours, theirs)
    path.write_bytes(data[:-7])
    with pytest.raises(RecordingError, match=r"ends 49 bytes into a record|damaged"):
        all_rows(path)


def _message(row):
    price = dbn.UNDEF_PRICE if not row["price"] else int(row["price"].replace(".", ""))
    return bytes(dbn.MBOMsg(
        publisher_id=2, instrument_id=1108, ts_event=iso_ns(row["ts_event"], ""), order_id=int(row["order_id"]),
        price=price, size=int(row["size"]), action=dbn.Action.from_str(row["action"]),
        side=dbn.Side.from_str(row["side"]),
        ts_recv=iso_ns(row["ts_recv"], ""), flags=int(row["flags"]), sequence=int(row["sequence"]),
    ))[:56]  # fmt: skip


def test_a_triple_is_one_fill_and_one_group(tmp_path):
    triple = [line("T", "B", order="0"), line("F", "A"), line("C", "A")]
    decoded = read(tmp_path, *triple, line("C", "A", sequence="6"))
    assert [(r.record, r.cause) for r in decoded.refusals] == [(2, Cause.DUPLICATE_FILL)]
    assert decoded.events.action.tolist()[1:] == [Action.TRADE, Action.CANCEL, Action.CANCEL]
    assert decoded.events.flags.tolist()[1:] == [0, Flag.LAST | Flag.TRADED, Flag.LAST]
    assert decoded.events.side.tolist()[1:] == [Side.BID, Side.ASK, Side.ASK]


def test_a_snapshot_is_not_a_clear(tmp_path):
    lines = [
        line("R", "N", "", "0", "0", "32"),
        line(flags="32"),
        line(order="8", flags="160"),
        line("R", "N", "", "0", "0", "8"),
    ]
    decoded = read(tmp_path, *lines)
    assert decoded.events.action.tolist()[1:] == [Action.SNAPSHOT, Action.ADD, Action.ADD, Action.CLEAR]
    assert decoded.events.flags.tolist()[1:] == [0, 0, Flag.LAST, Flag.LAST]
    assert decoded.events.price.tolist()[1] == NULL


def test_prices_without_a_point_are_billionths(tmp_path):
    decoded = read(tmp_path, line(price="5520000000"))
    assert decoded.events.price.tolist() == [551, 552]


@pytest.mark.parametrize(
    ("bad", "cause", "words"),
    [
        (line("X"), Cause.UNKNOWN_WORD, "action: 'X', expected A, C, M, R, T, F or N"),
        (line(side="Z"), Cause.UNKNOWN_WORD, "side: 'Z', expected B, A or N"),
        (line("N"), Cause.NOT_AN_EVENT, "action: N"),
        (line(side="N"), Cause.MISSING_FIELD, "side, price: must be given with action A"),
        (line("T", price=""), Cause.MISSING_FIELD, "price: must be given with action T"),
        (line(size="-1"), Cause.QUANTITY_RANGE, "size: '-1', must be >= 0"),
        (line(price="x.1"), Cause.MISTYPED, "price: 'x.1'"),
        (line(order="x"), Cause.MISTYPED, "order_id: 'x', expected a whole number"),
        (line(event="0"), Cause.TIMESTAMP_RANGE, "ts_event: 0 ns"),
        (line(event="2025-07-17"), Cause.MISTYPED, "ts_event: '2025-07-17', expected YYYY-MM-DDThh:mm:ss"),
        (line(recv="2100-01-01T00:00:00Z"), Cause.TIMESTAMP_RANGE, "ts_recv"),
        (line(recv="2025-02-30T00:00:00Z"), Cause.MISTYPED, "ts_recv"),
        (line(symbol="ARM"), Cause.UNKNOWN_INSTRUMENT, "symbol: 'ARM', the recording is read for ARL"),
        ("1,2,3", Cause.TRUNCATED, "3 fields, expected 15"),
        (line(symbol="ÄRL"), Cause.MISTYPED, "expected ASCII"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused(tmp_path, bad, cause, words):
    decoded = read(tmp_path, bad, line(sequence="9"))
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


def test_an_order_id_past_63_bits_is_hashed(tmp_path):
    decoded = read(tmp_path, line(order=str(2**64 - 1)), line("C", order=str(2**64 - 1)))
    _, one, two = decoded.events.order_id.tolist()
    assert one == two != 2**64 - 1


def test_a_header_without_a_field_is_refused_whole(tmp_path):
    path = tmp_path / "mbo.csv"
    path.write_text(HEAD.replace("sequence", "seq") + "\n" + line())
    with pytest.raises(RecordingError, match="header lacks sequence"):
        open_recording("databento-mbo", [path], "XNAS:ARL", Instruments())


def test_the_recording_of_another_symbol_is_refused_whole(tmp_path):
    path = tmp_path / "mbo.csv"
    path.write_text(HEAD + "\n" + line())
    with pytest.raises(RecordingError, match="no price of XNAS:XYZ in it: record 0: symbol: 'ARL'"):
        open_recording("databento-mbo", [path], "XNAS:XYZ", Instruments())
