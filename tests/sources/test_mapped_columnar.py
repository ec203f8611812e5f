"""Mapped Avro through the kernel: what each record alone gives, for any mapping, schema and bytes."""

import json
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.decoder_mutants import NOW_NS, Mutants
from benchmarks.mapping_mutants import body, mapping
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


def table():
    instruments = Instruments()
    instruments.add(Instrument("K", "A", Decimal("0.05"), Decimal("0.001")))
    instruments.add(Instrument("K", "B", Decimal("25"), Decimal("1E+1")))
    instruments.add(Instrument("Z", "A", Decimal("1") / 3, Decimal("0.1")))
    return instruments


def same(decoder, records):
    each, whole = decoder.decode(records), decoder.decode_batch(batch_of(records))
    assert whole.refusals == each.refusals
    assert list(whole.record) == list(each.record)
    for ours, theirs, name in zip(whole.events, each.events, Events._fields, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), name
    return whole


@settings(max_examples=80, deadline=None)
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
    plans = [run(tmp_path, seed)[0].columnar is not None for seed in range(20)]
    assert sum(plans) >= 18


def test_what_the_kernel_reads_never_meets_python(tmp_path):
    text = AVRO.replace('order_id = "id"', 'order_id = "id"\nlast_in_event = { field = "x", optional = true }')
    (tmp_path / "m.toml").write_text(text)
    decoder = open_decoder(str(tmp_path / "m.toml"), table(), Origin("t"), OneSchema(WRITER))
    decoder.columnar._each = None
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
