"""Bitstamp: recorded counts and volume, and bad lines."""

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Cause, Flag, Side
from equipoise.streams.sources.recording import open_recording

MS = 1_430_438_404_518


def rows(recording):
    chunks = list(recording.chunks(9_999))
    refused = Counter(refusal.cause for chunk in chunks for refusal in chunk.decoded.refusals)
    table = np.concatenate([np.stack([c.astype("i8") for c in chunk.decoded.events]) for chunk in chunks], axis=1)
    return table, refused, sum(len(chunk.records) for chunk in chunks)


@pytest.mark.recorded
def test_the_log_has_the_known_counts_and_volume(shared_data):
    path = shared_data / "bitstamp-l3-obanalytics" / "2015-05-01.log.xz"
    recording = open_recording("bitstamp", [path], "BITSTAMP:BTCUSD", Instruments())
    assert (recording.instrument.tick, recording.instrument.lot) == (Decimal("0.01"), Decimal("1e-8"))
    table, refused, records = rows(recording)
    assert records == 56_000
    trades = table[1] == Action.TRADE
    actions = Counter(table[1].tolist())
    assert actions == {Action.ADD: 24_894, Action.CANCEL: 24_918, Action.MODIFY: 602, Action.TRADE: 575}
    assert refused == {Cause.OTHER_BOOK_SOURCE: 5_011}
    assert round(table[5][trades].sum() * Decimal("1e-8"), 3) == Decimal("847.657")
    assert recording.topics == ("book", "trades")
    assert (table[11] == trades).all()


@pytest.mark.recorded
def test_the_csv_says_the_same_of_orders_as_the_log(shared_data):
    folder = shared_data / "bitstamp-l3-obanalytics"
    log, _, _ = rows(open_recording("bitstamp", [folder / "2015-05-01.log.xz"], "B:BTCUSD", Instruments()))
    csv, refused, records = rows(open_recording("bitstamp", [folder / "orders.csv.xz"], "B:BTCUSD", Instruments()))
    orders = log[:, log[1] != Action.TRADE]
    assert records == csv.shape[1] == 50_414
    assert not refused
    keys = [9, 1, 6, 2, 3, 4]  # time, action, id, side, flags, price
    orders, csv = orders[:, np.lexsort(orders[keys])], csv[:, np.lexsort(csv[keys])]
    assert np.array_equal(orders[keys], csv[keys])
    # the CSV's makers multiplied by 1e8 as floats and cut: some of its amounts are a satoshi short
    short = orders[5] - csv[5]
    assert set(short.tolist()) == {0, 1}


def read(folder, *lines):
    path = folder / "day.log"
    first = f'{MS} order_created {{"price": "236.47", "amount": "1.5", "datetime": "1", "id": 5, "order_type": 0}}'
    path.write_bytes("\n".join([first, *lines]).encode("latin-1"))
    (chunk,) = open_recording("bitstamp", [path], "BITSTAMP:BTCUSD", Instruments()).chunks()
    return chunk.decoded


def test_fills_change_the_book_and_only_trades_count_volume(tmp_path):
    decoded = read(
        tmp_path,
        f'{MS} order_changed {{"price": "236.47", "amount": "0.5", "id": 5, "order_type": 0}}',
        f'{MS} trade {{"price": 236.47, "amount": 1.0000000000000002, "id": 900}}',
        f'{MS} trade {{"price": 236.47, "amount": 1.0, "id": 900}}',
        f'{MS} order_deleted {{"price": "236.47", "amount": "0.0", "id": 5, "order_type": 0}}',
        f'{MS} order_deleted {{"price": "236.48", "amount": "1.0", "id": 6, "order_type": 1}}',
    )
    events = decoded.events
    assert events.action.tolist() == [Action.ADD, Action.MODIFY, Action.TRADE, Action.CANCEL, Action.CANCEL]
    assert (events.flags & Flag.TRADED != 0).tolist() == [False, True, False, True, False]
    assert events.quantity.tolist()[-2:] == [NULL, NULL]
    assert events.side.tolist()[2] == Side.NONE
    assert [(r.record, r.cause) for r in decoded.refusals] == [(3, Cause.DUPLICATE_FILL)]


@pytest.mark.parametrize(
    ("bad", "cause", "words"),
    [
        (f"{MS} order_made {{}}", Cause.UNKNOWN_WORD, "event: 'order_made', expected order_created"),
        (f"{MS} trade {{", Cause.TRUNCATED, "truncated"),
        (f"{MS} trade []", Cause.MISTYPED, "[] is list, expected an object"),
        (f'{MS} trade {{"price": 1, "id": 1}}', Cause.MISSING_FIELD, "amount: missing"),
        (f'{MS} trade {{"price": 1e99, "amount": 1, "id": 1}}', Cause.PRICE_RANGE, "price: Decimal('1E+99')"),
        (f'{MS} trade {{"price": 1, "amount": -1, "id": 1}}', Cause.QUANTITY_RANGE, "must be >= 0"),
        ('12 trade {"price": 1, "amount": 1, "id": 1}', Cause.TIMESTAMP_RANGE, "local stamp: 12000000 ns"),
        ('then trade {"price": 1, "amount": 1, "id": 1}', Cause.MISTYPED, "local stamp: 'then'"),
        (f'{MS} order_deleted {{"price": "1", "amount": "1", "id": 5, "order_type": 2}}', Cause.UNKNOWN_WORD, "e: 2"),
        (f'{MS} order_created {{"price": "1", "amount": "1", "id": "5", "order_type": 1}}', Cause.MISTYPED, "id: '5'"),
        ("1,2,3", Cause.TRUNCATED, "3 fields, expected 7"),
        (f"7,{MS},{MS},1.00,5,moved,bid", Cause.UNKNOWN_WORD, "action: 'moved', expected created"),
        (f"-7,{MS},{MS},1.00,5,created,bid", Cause.MISTYPED, "id: '-7'"),
        ("\xff", Cause.MISTYPED, "byte 0xff at 0, expected ASCII"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused(tmp_path, bad, cause, words):
    decoded = read(tmp_path, bad, f"7,{MS},{MS},236.47,5,created,bid")
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]
