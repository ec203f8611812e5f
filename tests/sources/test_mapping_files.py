"""A mapping that cannot work says where, and what is allowed; one that does not fit its topic, what is nearest."""

import json
import re

import pytest

from equipoise.streams.sources.decoders import FormatError, open_decoder
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.mapping_file import mapping_of
from equipoise.streams.sources.recording import open_recording
from tests.sources.mappings import AVRO, BINANCE, WRITER, OneSchema, decoder, trade


@pytest.fixture
def instruments(mapped_instruments):
    return mapped_instruments


BAD = [
    ("encoding = 'xml'\n[[event]]", 1, "encoding: 'xml', expected one of json, avro"),
    ("[[evnt]]", 1, "evnt: unknown key; did you mean 'event'? Allowed: venue, symbol, action"),
    ("venue = { value = 'X' }", 0, "event: missing; at least one [[event]] is needed"),
    ("[[event]]\naction = { value = 'BUY' }", 2, "event[0].action.value: 'BUY', expected one of NOTHING, ADD"),
    ("[[event]]\nsid = 'x'", 2, "event[0].sid: unknown key; did you mean 'side'?"),
    (
        "[[event]]\nevent_time = 'T'\naction = 'a'",
        2,
        "event[0].event_time.unit: '', expected one of s, ms, us, ns, iso",
    ),
    ("event_time = { field = 'T', unit = 'min' }\n[[event]]", 1, "event_time.unit: 'min', expected one of s, ms"),
    ("[[event]]\nevent_time = { field = 'T', unit = 's' }", 1, "event[0]: action: missing here, in the event and at"),
    ("[[event]]\naction = { value = 'ADD' }", 1, "event[0]: event_time: missing here"),
    ("[[event]]\nprice = { field = 'p', unit = 'lot' }", 2, "unit: 'lot', expected 'tick' or a decimal > 0 as text"),
    (
        "[[event]]\nside = { field = 's', words = { B = 'BUY' } }",
        2,
        "side.words.B: 'BUY', expected one of NONE, BID, ASK",
    ),
    ("[[event]]\nside = { field = 's', value = 'BID' }", 2, "side: give either field (a path) or value (a constant)"),
    ("[[event]]\nside = 5", 2, "side: 5, expected a path, or a table with field or value"),
    ("[[event]]\nprice = 'a..b'", 2, "'a..b' is no path; write data.k, data.b[0] or data.b[]"),
    ("[[event]]\nprice = 'a[]'", 2, "'a[]': only `each` may end with []"),
    ("[[event]]\n[[event.row]]\neach = 'a'\nACT", 3, "event[0].row[0].each: 'a', must end with []"),
    ("[[event]]\nprice = '[0]'\nACT", 2, "price: '[0]' is of an element, and there is no `each`"),
    ("[[event]]\nmodify = 'replace'\nACT", 2, "modify: 'replace', expected one of remainder, delta, upsert"),
    ("[[event]]\nflags = ['HIDEN']\nACT", 2, "flags: 'HIDEN', expected some of HIDDEN, CROSS"),
    ("[[event]]\nsequence = { field = 'u', add = 0.5 }", 2, "sequence.add: 0.5, expected an integer"),
    ("[[event]]\nsnapshot = 1\nACT", 2, "snapshot: 1, expected true or false"),
    ("topic = '('\n[[event]]\nACT", 1, "topic: '(' is no regular expression"),
    ("sample = 'none.json'\n[[event]]\nACT", 1, "none.json: no such file"),
    ("[[event]", 0, "line 1"),
]
ACT = "action = { value = 'ADD' }\nevent_time = { field = 'T', unit = 'ms' }"


@pytest.mark.parametrize(("text", "line", "words"), BAD)
def test_a_bad_file_names_line_field_and_what_is_allowed(tmp_path, instruments, text, line, words):
    with pytest.raises(FormatError, match=re.escape(words)) as caught:
        decoder(tmp_path, text.replace("ACT", ACT), instruments)
    assert f"orders.toml:{line}: " in str(caught.value) if line else "orders.toml: " in str(caught.value)


def test_a_file_that_is_not_there_is_named(instruments):
    with pytest.raises(FormatError, match=r"nowhere\.toml: No such file"):
        open_decoder("nowhere.toml", instruments)
    with pytest.raises(
        FormatError, match="format: 'itch', expected one of canonical, binance, cryptofeed, kraken, or the path"
    ):
        open_decoder("itch", instruments)


def test_a_mapping_may_be_a_table_of_the_settings():
    import tomllib

    mapping = mapping_of(tomllib.loads(BINANCE))
    assert [len(event.rows) for event in mapping.events] == [1, 2, 0]


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ([trade(), {"data": {"e": "trade"}}], "event[0].symbol: 'data.s' is not in the"),
        (
            {"data": {"e": "trade", "s": "X", "T": 1, "m": True, "p": "1", "qty": "1", "t": 1}},
            "event[0].quantity: 'data.q'",
        ),
        (
            {"data": {"e": "depthUpdate", "s": "X", "T": 1, "u": 1, "U": 1, "b": [["1"]], "a": []}},
            "quantity: '[1]' is not",
        ),
        ({"data": {"e": "depthUpdate", "s": "X", "T": 1, "u": 1, "U": 1, "a": []}}, "event[1].each: 'data.b[]' is not"),
        ({"kind": "trade"}, "no record of the"),
        ({"data": {"e": "kline"}}, "no record of the"),
    ],
)
def test_a_mapping_is_checked_against_its_sample(tmp_path, instruments, sample, words):
    (tmp_path / "s.json").write_text(json.dumps(sample))
    with pytest.raises(FormatError, match=re.escape(words)):
        decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)


def test_a_sample_that_fits_may_be_one_record_a_line(tmp_path, instruments):
    (tmp_path / "s.json").write_text(f"{json.dumps(trade())}\n{json.dumps(trade(t=2))}\n")
    decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)
    (tmp_path / "s.json").write_text('{"data":')
    with pytest.raises(FormatError, match=r"s\.json: value: Input data was truncated"):
        decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"px"', '"price"', "event[0].price: 'price' is not in the schema 9 of topic-value; nearest: "),
        (
            "head.sym",
            "head.symbol",
            "event[0].symbol: 'head.symbol' is not in the schema 9 of topic-value; nearest: head.sym",
        ),
        ('"us"', '"ms"', "event[0].event_time: 'head.at' is timestamp-micros, so its unit is 'us', not 'ms'"),
        ('"px"', '"kind"', "event[0].price: 'kind' is enum, expected a number, a decimal or a text"),
        ('order_id = "id"', 'sequence = "id"', "event[0].sequence: 'id' is string, expected int or long"),
        ('order_id = "id"', 'fill_key = ["ids"]', "event[0].fill_key: 'ids' is not in the schema"),
    ],
)
def test_a_mapping_is_checked_against_the_registrys_schema_at_start(tmp_path, instruments, old, new, words):
    with pytest.raises(FormatError, match=re.escape(words)):
        decoder(tmp_path, AVRO.replace(old, new, 1), instruments, schemas=OneSchema(WRITER))


def test_a_mapping_is_checked_against_a_schema_file(tmp_path, instruments):
    (tmp_path / "order.avsc").write_text(json.dumps(WRITER))
    decoder(tmp_path, 'schema = "order.avsc"\n' + AVRO, instruments)
    with pytest.raises(FormatError, match=r"'px2' is not in the .*order\.avsc; nearest: px"):
        decoder(tmp_path, 'schema = "order.avsc"\n' + AVRO.replace('"px"', '"px2"'), instruments)


def test_a_mapping_of_avro_or_with_an_error_is_no_preset(tmp_path, instruments):
    (tmp_path / "day.jsonl").write_text("{}")
    for text, words in ((AVRO, "encoding: 'avro', a recording is read with 'json'"), ("x = 1", "x: unknown key")):
        (tmp_path / "m.toml").write_text(text)
        with pytest.raises(RecordingError, match=words):
            open_recording(str(tmp_path / "m.toml"), [tmp_path / "day.jsonl"], "K:A", instruments)
