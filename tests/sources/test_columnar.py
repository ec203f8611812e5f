"""Whole batches through the kernel: the same rows and the same refusals as record by record, whatever the bytes."""

import json
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.decoder_mutants import NOW_NS, Mutants
from equipoise.processors.avro import ops
from equipoise.processors.avro.compiler import compile_table
from equipoise.processors.avro.orders import NEEDS as BITS
from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause
from equipoise.schemas.errors import UnknownSchemaError
from equipoise.schemas.local import local_id
from equipoise.schemas.wire import frame, id_header
from equipoise.streams.intents import LAYOUT as INTENTS
from equipoise.streams.intents import IntentDecoder
from equipoise.streams.records import RawRecord, batch_of
from equipoise.streams.sources.canonical import LAYOUT, NEEDS, CanonicalDecoder

OURS = codec.schema("OrderEvent")
LISTED = [("X", "A"), ("Y", "B:C"), ("Z:Z", "D"), ("Börse", "E"), ("LONGER-VENUE", "SYMBOL-OF-MORE-THAN-8")]
NAMES = [*LISTED * 4, ("Y:B", "C"), ("X", "B"), ("", ""), ("X", "A ")]


def table(names=LISTED):
    instruments = Instruments()
    for venue, symbol in names:
        instruments.add(Instrument(venue, symbol, Decimal("0.01"), Decimal(1)))
    return instruments


class Known:
    """Schemas by id or GUID."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.asked = 0

    def writer(self, schema_id):
        self.asked += 1
        if schema_id not in self.schemas:
            raise UnknownSchemaError(f"schema id: {schema_id}")
        return self.schemas[schema_id]


def raw(value, headers=(), offset=0):
    return RawRecord("orders", 0, offset, b"X:A", value, headers)


def same(decoder, records):
    """Decode both ways; what both give."""
    each, whole = decoder.decode(records), decoder.decode_batch(batch_of(records))
    assert whole.refusals == each.refusals
    assert np.array_equal(whole.record, each.record)
    for ours, theirs, name in zip(whole.events, each.events, Events._fields, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), name
    return whole


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_any_writers_schema_any_fault_gives_what_each_record_alone_gives(seed):
    mutants = Mutants(seed, NAMES)
    draw = mutants.random
    schemas = {**{number: mutants.schema() for number in range(1, 4)}, local_id(OURS): OURS, UUID(int=9): OURS}
    bodies = {number: [mutants.body(schema) for _ in range(8)] for number, schema in schemas.items()}
    values = [(number, body) for number, some in bodies.items() for body in some]
    draw.shuffle(values)
    records = []
    for offset, (number, body) in enumerate(values):
        if draw.random() < 0.4:
            body = mutants.mutated(body, bodies[number])
        number = number if draw.random() < 0.97 else 77
        in_header = draw.random() < 0.2
        value = body if in_header else frame(number, body)
        records.append(raw(value, [("a", b""), id_header(number)] if in_header else (), 10 * offset))
    same(CanonicalDecoder(table(), Known(schemas)), records)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_swap_intents_give_what_each_record_alone_gives(seed):
    ours = codec.schema("SwapIntent")
    mutants = Mutants(seed, NAMES, "SwapIntent")
    schemas = dict(enumerate((ours, mutants.schema(), mutants.schema())))
    records = []
    for number, schema in schemas.items():
        bodies = [mutants.body(schema) for _ in range(8)]
        faulty = [mutants.mutated(body, bodies) for body in bodies[:3]]
        records += [raw(frame(number, body)) for body in bodies + faulty]
    same(IntentDecoder(table(), Known(schemas)), records)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_any_json_gives_what_each_record_alone_gives(seed):
    mutants = Mutants(seed, NAMES, "SwapIntent" if seed % 4 == 3 else "OrderEvent")
    draw = mutants.random
    values = [mutants.json() for _ in range(24)]
    values = [mutants.mutated(value, values) if draw.random() < 0.4 else value for value in values]
    records = [raw(value, offset=k) for k, value in enumerate(values)]
    records.append(raw(values[0], [id_header(local_id(OURS))], 99))
    decoder = IntentDecoder(table(), Known({})) if seed % 4 == 3 else CanonicalDecoder(table())
    same(decoder, records)


TEXT = json.dumps({"venue": "X", "symbol": "A", "action": "ADD", "side": "BID", "price": 1, "quantity": 2,
                   "order_id": 3, "event_time_ns": NOW_NS})  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "kernel"),
    [
        ("", "", True),
        ('"price": 1', '"price":\r\n\t 1', True),
        ('"price": 1', '"arrival_time_ns": null, "price": 1', True),
        ('"price": 1', '"price": 1, "price": 7', True),
        ('"price": 1', '"odd": "é", "price": 1, "other": null, "more": true, "less": false, "n": -1', True),
        ('"order_id": 3', '"order_id": 9223372036854775807', True),
        ('"order_id": 3', '"order_id": -9223372036854775807', True),
        ('"order_id": 3', '"order_id": 9223372036854775808', False),
        ('"price": 1', '"price": 1.0', False),
        ('"price": 1', '"price": 1e2', False),
        ('"price": 1', '"price": 01', False),
        ('"price": 1', '"price": -0', False),
        ('"price": 1', '"price": -', False),
        ('"price": 1', '"price": "1"', False),
        ('"price": 1', '"price": true', False),
        ('"price": 1', '"price": ftrue', False),
        ('"price": 1', '"price": nulla', False),
        ('"price": 1', '"last_in_event": 1, "price": 1', False),
        ('"price": 1', '"last_in_event": false, "price": 1', True),
        ('"venue"', '"v\\u0065nue"', False),
        ('"A"', '"A\t"', False),
        ('"price": 1', '"odd": [1], "price": 1', False),
        ('"price": 1', '"odd": 1.5, "price": 1', False),
        ("{", "{,", False),
        ("}", ",}", False),
        ("}", "}}", False),
        ("}", "} x", False),
        ("}", "} \n", True),
        ("}", "", False),
    ],
)
def test_json_that_the_kernel_reads_and_json_that_it_leaves(old, new, kernel):
    decoder = CanonicalDecoder(table())
    value = TEXT.replace(old, new).encode() if old else TEXT.encode()
    same(decoder, [raw(value), raw(TEXT.encode(), offset=1)])
    left = []
    decoder.columnar._each = lambda records: left.extend(records) or decoder.decode(records)
    decoder.decode_batch(batch_of([raw(value)]))
    assert bool(left) != kernel


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=90), min_size=1, max_size=8), st.booleans())
@example([b"", b"\0", b"{}", b"\1" + bytes(16)], False)
def test_any_bytes_give_what_each_record_alone_gives(values, framed):
    records = [raw(frame(local_id(OURS), value) if framed else value) for value in values]
    same(CanonicalDecoder(table()), [*records, raw(None)])


def event(**changes):
    base = {
        "venue": "X", "symbol": "A", "action": "ADD", "side": "BID", "price": 100, "quantity": 5, "order_id": 7,
        "event_time_ns": NOW_NS,
    }  # fmt: skip
    return base | changes


def avro(**changes):
    return frame(local_id(OURS), codec.encode("OrderEvent", event(**changes)))


def test_good_records_never_meet_the_decoder_in_python():
    decoder = CanonicalDecoder(table())
    decoder.columnar._each = None
    bodies = [codec.encode("OrderEvent", event(order_id=k + 1, source="Zürich")) for k in range(500)]
    batch = batch_of([raw(frame(local_id(OURS), body), offset=k) for k, body in enumerate(bodies)])
    assert decoder.decode_batch(batch).events.order_id.tolist() == list(range(1, 501))


def test_ten_bad_records_of_ten_thousand_are_refused_and_the_others_are_used():
    good = avro()
    values = [good] * 10_000
    for number in range(0, 10_000, 1000):
        values[number] = good[: 5 + number // 1000]
    decoded = same(CanonicalDecoder(table()), [raw(value, offset=k) for k, value in enumerate(values)])
    assert len(decoded.record) == 9990
    assert [refusal.record for refusal in decoded.refusals] == list(range(0, 10_000, 1000))


def test_instruments_listed_later_are_found_and_delisted_ones_are_not():
    instruments = table()
    decoder = CanonicalDecoder(instruments)
    records = [raw(avro()), raw(avro(symbol="LATER"), offset=1)]
    assert same(decoder, records).refusals[0].cause is Cause.UNKNOWN_INSTRUMENT
    for k in range(100):  # the table grows
        instruments.add(Instrument("X", f"S{k}", Decimal(1), Decimal(1)))
    later = instruments.add(Instrument("X", "LATER", Decimal(1), Decimal(1)))
    assert same(decoder, records).events.instrument.tolist() == [0, later]
    assert instruments.delist("X:A")
    assert same(decoder, records).events.instrument.tolist() == [later]
    instruments.add(Instrument("X", "A", Decimal(1), Decimal(1)))
    assert same(decoder, records).events.instrument.tolist() == [0, later]


def test_a_key_of_two_colons_is_found_by_either_half_as_instruments_find_it():
    decoder = CanonicalDecoder(table())
    records = [raw(avro(venue="Y", symbol="B:C")), raw(avro(venue="Y:B", symbol="C"), offset=1)]
    assert same(decoder, records).events.instrument.tolist() == [1, 1]


def test_an_unknown_schema_id_is_asked_for_again_and_a_known_one_is_not():
    schemas = Known({5: OURS})
    decoder = CanonicalDecoder(table(), schemas)
    body = codec.encode("OrderEvent", event())
    batch = batch_of([raw(frame(number, body), offset=k) for k, number in enumerate((5, 6, 5, 6, 5))])
    assert [refusal.record for refusal in decoder.decode_batch(batch).refusals] == [1, 3]
    before = schemas.asked
    schemas.schemas[6] = OURS
    assert decoder.decode_batch(batch).refusals == []
    assert schemas.asked == before + 1
    assert decoder.decode_batch(batch).refusals == []
    assert schemas.asked == before + 1


def test_more_schemas_than_are_kept_are_all_read():
    schemas = Known(dict.fromkeys(range(600), OURS))
    decoder = CanonicalDecoder(table(), schemas)
    body = codec.encode("OrderEvent", event())
    batch = batch_of([raw(frame(number, body), offset=number) for number in range(600)])
    assert len(decoder.decode_batch(batch).record) == 600


def test_the_checks_of_the_kernel_are_those_of_the_decoder_in_python():
    names = {"side": 1, "price": 2, "quantity": 4, "order_id": 8}
    ours = {action: sum(names[name] for name in needs) for action, needs in NEEDS.items()}
    assert ours == {action: bits for action, bits in BITS.items() if action < Action.INTENT}


@pytest.mark.parametrize(("name", "layout"), [("OrderEvent", LAYOUT), ("SwapIntent", INTENTS)])
def test_our_own_schema_has_one_instruction_a_field(name, layout):
    ours = codec.schema(name)
    code = compile_table(ours, layout, 0)
    assert code[:: ops.WIDTH].index(ops.END) == len(ours["fields"]) + len(layout.presets)


@pytest.mark.parametrize("kind", ["double", "long", "boolean", {"type": "fixed", "name": "F", "size": 3}])
@pytest.mark.parametrize("count", [2**62, -(2**62), 2**40])
def test_a_block_count_that_lies_ends_neither_reader_nor_its_patience(kind, count):
    text = json.loads(codec.schema_text("OrderEvent"))
    text["fields"].insert(0, {"name": "extra", "type": {"type": "array", "items": kind}})
    writer = codec.parse(json.dumps(text))
    zigzag = count << 1 ^ count >> 63
    lie = bytes(zigzag >> shift & 0x7F | 0x80 for shift in range(0, 63, 7)) + bytes((zigzag >> 63,))
    body = codec.encode("OrderEvent", event())
    records = [raw(frame(5, b"\0" + body)), raw(frame(5, lie + body), offset=1), raw(frame(5, b"\0" + body), offset=2)]
    decoded = same(CanonicalDecoder(table(), Known({5: writer})), records)
    assert decoded.record.tolist() == [0, 2]
    assert decoded.refusals[0].cause in (Cause.TRUNCATED, Cause.MISTYPED)


def test_an_integer_of_more_than_64_bits_is_refused():
    body = codec.encode("OrderEvent", event(order_id=2**62))
    assert body.count(b"\xff" * 8) == 0
    at = body.index(b"\x80" * 9)
    longer = body[:at] + b"\x80" * 10 + b"\1" + body[at + 10 :]
    decoded = same(CanonicalDecoder(table()), [raw(frame(local_id(OURS), longer))])
    assert "an integer of more than 64 bits" in decoded.refusals[0].detail
