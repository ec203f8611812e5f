"""Mapped Avro through the kernel: what each record alone gives, for any mapping, schema and bytes."""

import io
import json
from decimal import Decimal
from random import Random

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.decoder_mutants import NOW_NS, Mutants
from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.wire import frame
from equipoise.streams.records import RawRecord, batch_of
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapped import Mapped
from equipoise.streams.sources.mapping_file import load_mapping
from tests.sources.mappings import AVRO, WRITER, OneSchema, avro

KIND = {"type": "enum", "name": "Kind", "symbols": ["NEW", "GONE", "FILL", "OTHER"]}
SIDE = {"type": "enum", "name": "Side", "symbols": ["BID", "ASK", "NONE"]}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4}
WIDE = {"type": "fixed", "name": "Wide", "size": 16, "logicalType": "decimal", "precision": 38, "scale": 6}
NUMBERS = ["double", "string", DECIMAL, WIDE, "long", "int", "float"]
WORDS = '{ field = "kind", words = { NEW = "ADD", GONE = "CANCEL", FILL = "TRADE", "7" = "LEVEL" } }'
HEAD = 'encoding = "avro"\nevent_time = { field = "head.at", unit = "%s" }\n'
SIDES = [
    (SIDE, '"side"'),
    ("string", '"side"'),
    ("boolean", '{ field = "side", words = { true = "BID", false = "ASK" } }'),
    ("int", '{ field = "side", words = { "1" = "BID", "2" = "ASK" } }'),
    ("string", '{ field = "side", words = { NEW = "BID", OTHER = "ASK" }, optional = true }'),
]
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def table():
    instruments = Instruments()
    instruments.add(Instrument("K", "A", Decimal("0.05"), Decimal("0.001")))
    instruments.add(Instrument("K", "B", Decimal("25"), Decimal("1E+1")))
    instruments.add(Instrument("Z", "A", Decimal("1") / 3, Decimal("0.1")))
    return instruments


def nullable(draw, kind):
    return draw.choice((kind, kind, ["null", kind], [kind, "null"]))


def mapping(draw):
    """A mapping's text, and a schema of the records that it reads."""
    unit = draw.choice(list(UNITS))
    lines = [HEAD % unit]
    several = draw.random() < 0.5
    kind = draw.choice((KIND, "string", "int"))
    side, side_text = draw.choice(SIDES)
    price = (
        '"px"'
        if draw.random() < 0.7
        else draw.choice(('{ field = "px", unit = "tick" }', '{ field = "px", unit = "1e-2" }'))
    )
    amount = '"qty"' if draw.random() < 0.7 else '{ field = "qty", unit = "lot" }'
    common = [f"side = {side_text}", f"price = {price}", f"quantity = {amount}", 'order_id = "id"']
    if draw.random() < 0.5:
        common.append('sequence = { field = "n", add = -1 }')
    if draw.random() < 0.3:
        common.append('last_in_event = { field = "last", optional = true }')
    if draw.random() < 0.3:
        common.append('modify = "upsert"')
    lines.append('venue = { value = "K" }' if draw.random() < 0.6 else 'venue = "venue"')
    lines.append('symbol = "head.sym"' if draw.random() < 0.8 else 'symbol = { value = "A" }')
    if draw.random() < 0.3:
        lines.append('arrival_time = { field = "seen", unit = "ns", optional = true }')
    if several:
        for words, action in (('"NEW", "7"', "ADD"), ('"GONE"', "CANCEL"), ('"FILL", "null"', "TRADE")):
            own = [*common, 'flags = ["HIDDEN"]'] if action == "TRADE" else common[:1] + common[3:]
            own = common if action == "ADD" else own
            lines += ["[[event]]", f"when = {{ kind = [{words}] }}", f'action = {{ value = "{action}" }}', *own]
        if draw.random() < 0.5:
            lines += ["[[event]]", "ignore = true", 'when = { kind = ["OTHER"] }'] if draw.random() < 0.5 else [
                "[[event]]", 'action = { value = "NOTHING" }']  # fmt: skip
    else:
        lines += ["[[event]]", f"action = {WORDS}", *common]
    fields = [
        {"name": "kind", "type": nullable(draw, kind)},
        {"name": "side", "type": nullable(draw, side)},
        {"name": "px", "type": nullable(draw, draw.choice(NUMBERS))},
        {"name": "qty", "type": nullable(draw, draw.choice((*NUMBERS[:2], {**DECIMAL, "scale": 2}, "long", "int")))},
        {"name": "id", "type": nullable(draw, draw.choice(("string", "long")))},
        {"name": "n", "type": nullable(draw, "long")},
        {"name": "last", "type": nullable(draw, "boolean")},
        {"name": "venue", "type": nullable(draw, "string")},
        {"name": "seen", "type": nullable(draw, "long")},
        {"name": "head", "type": {"type": "record", "name": "Head", "fields": [
            {"name": "sym", "type": "string"}, {"name": "at", "type": "long"}]}},
    ]  # fmt: skip
    if draw.random() < 0.3:
        fields = [field for field in fields if field["name"] == "head" or draw.random() < 0.9]
    mutants = Mutants(draw.randrange(2**32), [])
    fields += [{"name": f"x{k}", "type": mutants.type(2)} for k in range(draw.choice((0, 1, 3)))]
    draw.shuffle(fields)
    return "\n".join(lines), {"type": "record", "name": "Order", "fields": fields}, unit


def value(draw, name, kind, unit):
    """A value of a field, mostly a sensible one."""
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null") if draw.random() < 0.93 else "null"
    odd = draw.random() < 0.06
    logical = isinstance(kind, dict) and kind.get("logicalType")
    if kind == "null":
        return None
    if name == "kind":
        return draw.choice((7, 7, 1)) if kind == "int" else draw.choice(KIND["symbols"] if odd else KIND["symbols"][:3])
    if name == "side" and kind == "string":
        return draw.choice(("NONE", "Ü", "BID", "ASK") if odd else ("BID", "ASK", "NEW", "OTHER"))
    if name == "side" and kind != "boolean":
        return (
            draw.choice((1, 2, 2, 1, 3)) if kind == "int" else draw.choice(SIDE["symbols"] if odd else ("BID", "ASK"))
        )
    if name in ("px", "qty") and kind not in ("long", "int"):
        return number(draw, kind, logical, odd)
    return {
        "int": draw.choice((1, 2, 7, 25, 400)),
        "long": draw.choice((0, -1, 2**62, 2**63 - 1) if odd else (3, 50, 10**6, NOW_NS)),
        "string": draw.choice(("0", "01", "o-1", "9223372036854775808", "Z", "") if odd else (
            ("K", "K", "Z") if name == "venue" else ("1", "22", "9223372036854775807"))),
        "boolean": draw.random() < 0.5,
    }[kind]  # fmt: skip


def number(draw, kind, logical, odd):
    """A price or quantity."""
    some = Decimal(draw.choice((0, -10, 7)) if odd else draw.choice((5, 25, 100, 1005, draw.randrange(1, 10**6))))
    some *= Decimal("0.05")
    if kind == "string":
        strange = (f"{some:f}00", f"+{some}", f"{some:e}", "1.", ".5", "", "-", "NaN", "1_0", "0.01")
        return draw.choice(strange) if odd else str(some)
    return some.quantize(Decimal("0.01")) if logical else float(some)


def body(draw, mutants, schema, unit):
    record = {}
    for field in schema["fields"]:
        name = field["name"]
        if name == "head":
            at = NOW_NS // UNITS[unit] + draw.randrange(1000)
            record[name] = {"sym": draw.choice("AAAAAAAAB") if draw.random() < 0.95 else "", "at": at}
            if draw.random() < 0.03:
                record[name]["at"] = draw.choice((0, 2**63 - 1))
        elif name.startswith("x"):
            record[name] = mutants.any(field["type"])
        else:
            record[name] = value(draw, name, field["type"], unit)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def same(decoder, records):
    each, whole = decoder.decode(records), decoder.decode_batch(batch_of(records))
    assert whole.refusals == each.refusals
    assert list(whole.record) == list(each.record)
    for ours, theirs, name in zip(whole.events, each.events, Events._fields, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), name
    return whole


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_any_mapping_gives_what_each_record_alone_gives(tmp_path_factory, seed):
    run(tmp_path_factory.mktemp("m"), seed)


def run(folder, seed):
    draw = Random(seed)
    text, writer, unit = mapping(draw)
    path = folder / "m.toml"
    path.write_text(text)
    schemas = OneSchema(writer)
    decoder = open_decoder(str(path), table(), Origin("another"), schemas)
    mutants = Mutants(seed, [])
    bodies = [body(draw, mutants, schemas.schema, unit) for _ in range(20)]
    bodies += [mutants.mutated(one, bodies) for one in bodies[:8]]
    records = [
        RawRecord("another", 0, k, None, frame(9, one), (), draw.choice((-1, NOW_NS // 10**6)))
        for k, one in enumerate(bodies)
    ]
    return decoder, same(decoder, records)


def test_most_random_mappings_are_the_kernels(tmp_path):
    plans = [run(tmp_path, seed)[0]._columnar is not None for seed in range(20)]
    assert sum(plans) >= 18


def test_what_the_kernel_reads_never_meets_python(tmp_path):
    text = AVRO.replace('order_id = "id"', 'order_id = "id"\nlast_in_event = { field = "x", optional = true }')
    (tmp_path / "m.toml").write_text(text)
    decoder = open_decoder(str(tmp_path / "m.toml"), table(), Origin("t"), OneSchema(WRITER))
    decoder._columnar._each = None
    values = [avro(id=str(k + 1), px=Decimal("2.05") + k) for k in range(100)]
    batch = batch_of([RawRecord("t", 0, k, None, one) for k, one in enumerate(values)])
    decoded = decoder.decode_batch(batch)
    assert decoded.events.price.tolist() == [41 + 20 * k for k in range(100)]
    assert decoded.events.order_id.tolist() == list(range(1, 101))


def test_a_tick_that_changes_is_followed(tmp_path):
    (tmp_path / "m.toml").write_text(AVRO)
    instruments = table()
    decoder = open_decoder(str(tmp_path / "m.toml"), instruments, Origin("t"), OneSchema(WRITER))
    record = [RawRecord("t", 0, 0, None, avro(id="5"))]
    assert same(decoder, record).events.price.tolist() == [41]
    instruments.add(Instrument("K", "A", Decimal("0.01"), Decimal("0.001")))
    assert same(decoder, record).events.price.tolist() == [205]


@pytest.mark.parametrize(
    ("line", "by"),
    [
        ('fill_key = ["id"]', "fill keys are remembered in the order of records"),
        ('flags_when = { HIDDEN = { note = ["x"] } }', "flags by condition"),
        ("snapshot = true", "two rows a record"),
    ],
)
def test_what_the_kernel_cannot_do_is_read_record_by_record(tmp_path, line, by):
    (tmp_path / "m.toml").write_text(AVRO + line)
    made = Mapped(load_mapping(tmp_path / "m.toml"), table(), Origin("t"), OneSchema(WRITER))
    assert made.columnar(table(), lambda records: None, 1000) is None
    same(
        open_decoder(str(tmp_path / "m.toml"), table(), Origin("t"), OneSchema(WRITER)),
        [RawRecord("t", 0, 0, None, avro())],
    )


def test_schemas_of_the_tests_are_schemas():
    for seed in range(20):
        codec.parse(json.dumps(mapping(Random(seed))[1]))
