"""The benchmark's own encoder writes what the schema's codec writes, in batches that a client accepts."""

import pytest
from aiokafka.record import MemoryRecords

from benchmarks.encoding import Encoder
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments
from equipoise.streams.sources.canonical import encode_bodies

PREFIX = 5


@pytest.mark.parametrize("codec", ["none", "lz4", "zstd"])
@pytest.mark.parametrize(("instruments", "batch_records"), [(8, 300), (10_000, 1), (3, 5_000)])
def test_records_are_those_of_the_codec(codec, instruments, batch_records):
    table = load_instruments(instruments)
    events = next(load_events(LoadSettings(instruments=instruments), 1_000))
    batches = list(Encoder(table, codec).batches(events, batch_records))
    assert len(batches) == -(-1_000 // batch_records)
    keys, values, stamps = [], [], []
    for batch in batches:
        read = MemoryRecords(batch)
        while (found := read.next_batch()) is not None:
            assert found.validate_crc()
            for record in found:
                keys.append(record.key.decode())
                values.append(record.value)
                stamps.append(record.timestamp)
    assert [value[PREFIX:] for value in values] == encode_bodies(events, table)
    assert keys == [table[index].key for index in events.instrument.tolist()]
    assert stamps == (events.event_ns // 1_000_000).tolist()
