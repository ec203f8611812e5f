"""LOBSTER: what the recorded files are known to hold, and lines that no venue would write."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.recording import open_recording

NAME = "XYZ_2012-06-21_34200000_57600000_message_10.csv"
MIDNIGHT_NS = 1340251200 * 10**9  # 2012-06-21 00:00 in New York is 04:00 UTC


def read(folder: Path, lines: list[str], **more):
    (folder / NAME).write_text("\n".join(["34200.5,1,1,100,1000100,1", *lines]))
    recording = open_recording("lobster", [folder / NAME], "NASDAQ:XYZ", Instruments(), **more)
    (chunk,) = recording.chunks(1000)
    return chunk.decoded


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        ("34201,1,2,100,1000100", Cause.TRUNCATED, "5 fields, expected 6"),
        ("noon,1,2,100,1000100,1", Cause.MISTYPED, "Time: 'noon'"),
        ("34201,9,2,100,1000100,1", Cause.UNKNOWN_WORD, "Type: '9', expected 1 to 7"),
        ("34201,1,2,100,1000100,2", Cause.UNKNOWN_WORD, "Direction: '2', expected 1 or -1"),
        ("34201,1,two,100,1000100,1", Cause.MISTYPED, "OrderId: 'two'"),
        ("34201,1,99999999999999999999,100,1000100,1", Cause.MISTYPED, "must be > -2^63"),
        ("34201,1,2,-5,1000100,1", Cause.QUANTITY_RANGE, "Size: '-5', must be >= 0"),
        ("34201,1,2,9223372036854775808,1000100,1", Cause.QUANTITY_RANGE, "2^62"),
        ("34201,1,2,nan,1000100,1", Cause.MISTYPED, "Size: 'nan', expected a finite number"),
        ("34201,1,2,100,9e99,1", Cause.PRICE_RANGE, "2^53"),
        ("34201,7,0,0,5,-1", Cause.UNKNOWN_WORD, "of a halt, expected -1, 0 or 1"),
    ],
)
def test_a_bad_line_is_refused_by_name_and_its_neighbours_are_used(tmp_path, line, cause, words):
    decoded = read(tmp_path, [line, "34202,3,1,100,1000100,1"])
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert decoded.events.action.tolist() == [Action.ADD, Action.CANCEL]
    assert decoded.events.offset.tolist() == [0, 2]


def test_the_aggressor_is_the_opposite_of_the_resting_side(tmp_path):
    decoded = read(
        tmp_path,
        ["34201,4,1,10,1000100,1", "34202,5,0,20,1000200,-1", "34203,6,0,30,1000200,1", "34204,7,0,0,-1,-1"],
    )
    rows = list(zip(*(column.tolist() for column in decoded.events[1:6]), strict=True))[1:]
    assert rows == [
        (Action.EXECUTE, Side.BID, Flag.LAST, 10001, 10),
        (Action.TRADE, Side.BID, Flag.LAST | Flag.HIDDEN, 10002, 20),
        (Action.TRADE, Side.NONE, Flag.LAST | Flag.CROSS, 10002, 30),
        (Action.STATUS, Side.NONE, Flag.LAST, NULL, 4),
    ]


def test_times_count_from_midnight_in_new_york(tmp_path):
    decoded = read(tmp_path, ["34200.000000001,3,1,100,1000100,1"])
    assert decoded.events.event_ns.tolist() == [MIDNIGHT_NS + 34200_500_000_000, MIDNIGHT_NS + 34200_000_000_001]


def test_a_file_without_a_date_or_of_another_format_is_refused_whole(tmp_path):
    (tmp_path / "message.csv").write_text("34200.5,1,1,100,1000100,1\n")
    with pytest.raises(RecordingError, match="no date"):
        open_recording("lobster", [tmp_path / "message.csv"], "NASDAQ:XYZ", Instruments())
    (tmp_path / "message_2012-13-01.csv").write_text("34200.5,1,1,100,1000100,1\n")
    with pytest.raises(RecordingError, match="date 2012-13-01 in the file's name: month must be in"):
        open_recording("lobster", [tmp_path / "message_2012-13-01.csv"], "NASDAQ:XYZ", Instruments())
    (tmp_path / NAME).write_text("1,2,3\n")
    with pytest.raises(RecordingError, match="3 columns, expected 6"):
        open_recording("lobster", [tmp_path / NAME], "NASDAQ:XYZ", Instruments())


def test_a_price_off_an_inferred_tick_ends_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr("equipoise.streams.sources.infer.SAMPLE", 1)
    with pytest.raises(RecordingError, match=r"record 1: Price: '1000150' is no multiple of the tick .*inferred"):
        read(tmp_path, ["34201,1,2,100,1000150,1"])


@pytest.mark.recorded
def test_amzn_level_1_has_the_known_counts(shared_data):
    folder = shared_data / "lobster-amzn-l1"
    files = sorted(folder.glob("*.csv"))
    recording = open_recording("lobster", files, "NASDAQ:AMZN", Instruments())
    assert recording.instrument.book_source is BookSource.BBO
    actions, causes, volume, records = Counter(), Counter(), 0, 0
    for chunk in recording.chunks(7001):
        events = chunk.decoded.events
        actions.update(zip(events.action.tolist(), (events.flags & Flag.HIDDEN != 0).tolist(), strict=True))
        causes.update(refusal.cause for refusal in chunk.decoded.refusals)
        volume += int(events.quantity[events.action == Action.TRADE].sum())
        records += len(chunk.records)
    assert records == 2 * 57_515
    assert actions[Action.TRADE, False] == 8_974
    assert actions[Action.TRADE, True] == 2_445
    assert actions[Action.SNAPSHOT, False] == 57_515
    assert actions[Action.LEVEL, False] == 2 * 57_515
    assert causes == {Cause.OTHER_BOOK_SOURCE: 27_845 + 16 + 18_235}
    assert volume == 810_755
    assert recording.bytes_read == recording.bytes_total == sum(path.stat().st_size for path in files)


@pytest.mark.recorded
def test_aapl_level_10_seeds_from_its_first_book_line_only(shared_data):
    files = sorted((shared_data / "lobster-aapl-l10-998rows").glob("*.csv"))
    recording = open_recording("lobster", files, "NASDAQ:AAPL", Instruments())
    (chunk,) = recording.chunks(5000)
    actions = Counter(chunk.decoded.events.action.tolist())
    assert actions == {
        Action.ADD: 471,
        Action.CANCEL: 369,
        Action.EXECUTE: 98,
        Action.TRADE: 61,
        Action.SNAPSHOT: 1,
        Action.LEVEL: 20,
    }
    assert Counter(refusal.cause for refusal in chunk.decoded.refusals) == {Cause.OTHER_BOOK_SOURCE: 998}
    parts = {topic: (decoded, numbers) for topic, decoded, numbers in chunk.by_topic()}
    assert [len(parts[topic][1]) for topic in recording.topics] == [999, 999]
    book, numbers = parts["orderbook"]
    assert len(book.events.action) == 21
    assert np.all(np.asarray(book.record) == 0)
    assert numbers[:2] == [1, 3]


@pytest.mark.recorded
def test_where_a_recording_is_cut_makes_no_difference(shared_data):
    files = sorted((shared_data / "lobster-aapl-l10-998rows").glob("*.csv"))

    def rows(n):
        chunks = open_recording("lobster", files, "NASDAQ:AAPL", Instruments()).chunks(n)
        return np.concatenate([np.stack([c.astype("i8") for c in chunk.decoded.events]) for chunk in chunks], axis=1)

    assert np.array_equal(rows(5000), rows(37))
