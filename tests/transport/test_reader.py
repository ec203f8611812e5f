"""Bytes of a fetch to RecordBatches, beside aiokafka's own reading of the same bytes, record by record."""

import logging
import random
import re
import struct

import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from equipoise.streams.records import RecordBatch
from equipoise.streams.transport.reader import Bounds, DamageError, FetchReader, Shared
from tests.transport.made import Made, batch_bytes, record_bytes

PLACE = ("orders", 3)
TRANSACTIONAL, CONTROL, APPEND_TIME = 16, 32, 8
COMMIT, ABORT = b"\0\0\0\1", b"\0\0\0\0"
PACK = {
    0: bytes,
    1: lambda data: bytes(gzip_encode(data)),
    2: lambda data: bytes(snappy_encode(data, xerial_compatible=False)),
    3: lambda data: bytes(lz4_encode(data)),
    4: lambda data: bytes(zstd_encode(data)),
    5: lambda data: bytes(snappy_encode(data, xerial_blocksize=100)),
}


def packed(records, base, codec=0, **more) -> bytes:
    """A batch in one of the six encodings; 5 is snappy in Java's framing."""
    body = PACK[codec](b"".join(map(record_bytes, records)))
    attributes = more.pop("attributes", 0) | (2 if codec == 5 else codec)
    return batch_bytes(records, base, attributes=attributes, body=body, **more)


def marker(kind: bytes, base: int, producer: int) -> bytes:
    return batch_bytes([Made(0, 0, kind, b"\0\0\0\0\0\0")], base, attributes=TRANSACTIONAL | CONTROL, producer=producer)


def some(count: int, draw: random.Random, gaps: bool = False) -> list[Made]:
    offsets = sorted(draw.sample(range(count * 3), count)) if gaps else range(count)
    made = []
    for offset in offsets:
        key = draw.choice([None, b"", b"NASDAQ:AAPL"])
        value = draw.choice([None, b"", draw.randbytes(60), bytes(200)])
        headers = [("a", draw.choice([b"", b"xyz"]))] * draw.randrange(3)
        made.append(Made(offset, draw.randrange(-5, 999), key, value, headers))
    return made


def flat(batches: list[RecordBatch]) -> list[tuple[object, ...]]:
    records = [batch.record(i) for batch in batches for i in range(len(batch))]
    return [(r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in records]


def theirs(fetched: bytes, aborted, offset: int) -> tuple[list[tuple[object, ...]], int]:
    """What aiokafka delivers, and where it goes on."""
    level = READ_UNCOMMITTED if aborted is None else READ_COMMITTED
    records = PartitionRecords(TopicPartition(*PLACE), MemoryRecords(fetched), aborted, offset, None, None, True, level)
    found = [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
    return found, records.next_fetch_offset


def check(fetched: bytes, aborted=None, offset: int = 0, **bounds: int) -> list[RecordBatch]:
    """Ours, equal to theirs."""
    reader = FetchReader(PLACE, fetched, aborted, offset, Shared(Bounds(**bounds)))
    at, batches = offset, []
    for batch in reader:
        assert reader.next_fetch_offset == batch.next_offset
        assert batch.next_offset > at or not len(batch)
        assert not len(batch) or at <= batch.offset[0] <= batch.offset[-1] < batch.next_offset
        assert not batch.data.flags.writeable
        at = batch.next_offset
        batches.append(batch)
    assert (flat(batches), reader.next_fetch_offset) == theirs(fetched, aborted, offset)
    return batches


def market(draw: random.Random, codecs=tuple(PACK), batches=12) -> tuple[bytes, int]:
    fetched, base = b"", 0
    for _ in range(batches):
        records = some(draw.randrange(0, 30), draw, gaps=draw.random() < 0.3)
        last = (records[-1].offset if records else 0) + draw.randrange(3)
        times = {"attributes": APPEND_TIME, "max_ms": 777} if draw.random() < 0.2 else {}
        codec = draw.choice(codecs) if records else 0  # of nothing in Java's snappy framing aiokafka makes an error
        fetched += packed(records, base, codec, last=last, base_ms=draw.randrange(1 << 40), **times)
        base += last + 1 + draw.choice([0, 0, 5])
    return fetched, base


@pytest.mark.parametrize("codec", PACK)
def test_every_codec(codec):
    fetched, _ = market(random.Random(codec), (codec,))
    assert len(check(fetched)) == 1, "contiguous batches come together"


@pytest.mark.parametrize("seed", range(30))
def test_mixed_batches_from_any_offset_with_any_cut(seed):
    """Gaps of compaction, empty batches, log-append times, a fetch that begins or ends inside a batch, small bounds."""
    draw = random.Random(seed)
    fetched, end = market(draw)
    first = struct.unpack_from(">i", fetched, 8)[0] + 12
    for _ in range(20):
        cut = draw.randrange(first, len(fetched) + 1)
        last_of_first = struct.unpack_from(">i", fetched, 23)[0]
        offset = draw.choice([0, draw.randrange(last_of_first + 1)])
        check(fetched[:cut], None, offset, together_records=draw.choice([1, 7, 5_000]), together_bytes=1_000)
    check(fetched)
    assert end


def test_bounds_cut_and_join():
    records = [Made(k, 0, b"k", b"v") for k in range(10)]
    one = batch_bytes(records, 0)
    assert [len(batch) for batch in check(one, together_records=4)] == [4, 4, 2]
    two = one + batch_bytes(records, 10)
    assert [len(batch) for batch in check(two, together_records=20)] == [20]
    assert [len(batch) for batch in check(two, together_records=19)] == [10, 10]
    assert [len(batch) for batch in check(one + packed(records, 10, 4))] == [10, 10]


def test_more_batches_than_are_looked_at_together():
    fetched = b"".join(batch_bytes([Made(0, 0, None, b"%d" % k)], k) for k in range(3_000))
    assert [len(batch) for batch in check(fetched)] == [1024, 1024, 952]


def transactions() -> bytes:
    """Producers 1 and 2 interleaved, an old producer without an id, and a second transaction of 1."""
    parts, base = [], 0
    for what in ["1", "2", "-", "1", "A1", "2", "1", "C2", "1", "C1", "-", "2", "A2", "A9"]:
        if what[0] in "AC":
            parts.append(marker(ABORT if what[0] == "A" else COMMIT, base, int(what[1])))
            base += 1
            continue
        records = [Made(0, 0, None, what.encode()), Made(1, 0, None, b"%d" % base)]
        producer = -1 if what == "-" else int(what)
        parts.append(batch_bytes(records, base, attributes=TRANSACTIONAL * (producer > 0), producer=producer))
        base += 2
    return b"".join(parts)


def test_aborted_transactions_and_markers_are_left_out():
    fetched = transactions()
    everything = check(fetched, None)
    committed = check(fetched, [(2, 18), (1, 0)])
    assert [value for _, _, _, value, _ in flat(committed)][::2] == [b"2", b"-", b"2", b"1", b"1", b"-"]
    assert len(flat(everything)) == 2 * 9
    assert committed[-1].next_offset == everything[-1].next_offset == 23


def test_what_holds_nothing_moves_the_offset():
    fetched = marker(COMMIT, 0, 1) + packed([], 1, last=9) + marker(ABORT, 11, 1)
    (batch,) = check(fetched, [])
    assert (len(batch), batch.next_offset) == (0, 12)


GOOD = [Made(k, 0, b"key", b"value") for k in range(5)]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :]


def read(fetched: bytes, shared: Shared, offset: int = 0) -> list[RecordBatch]:
    return list(FetchReader(PLACE, fetched, None, offset, shared))


def test_a_wrong_checksum_is_fetched_again_and_then_set_aside(caplog):
    """Neighbours are used; the stand-in carries the batch's bytes; the next fetch goes on behind it."""
    parts = [batch_bytes(GOOD, 0), flipped(batch_bytes(GOOD, 5), 80), batch_bytes(GOOD, 10)]
    shared = Shared(Bounds(retries=2))
    for offset in (0, 5):
        before = read(b"".join(parts[offset // 5 :]), shared, offset)
        assert [list(batch.offset) for batch in before] == ([[0, 1, 2, 3, 4]] if not offset else [])
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "orders[3] batch at offset 5: CRC-32C" in caplog.text
    (refused,) = read(b"".join(parts[1:]), shared, 5)
    assert refused.record(0).value == parts[1]
    assert (refused.record(0).offset, refused.next_offset) == (5, 10)
    assert refused.refusal.startswith("CRC-32C")
    assert [list(batch.offset) for batch in read(parts[2], shared, 10)] == [[10, 11, 12, 13, 14]]


def test_a_fetch_that_was_damaged_only_on_the_way_loses_nothing():
    good, shared = batch_bytes(GOOD, 0), Shared()
    assert read(flipped(good, 70), shared) == []
    assert flat(read(good, shared)) == theirs(good, None, 0)[0]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (batch_bytes(GOOD, 5, body=b"\xff" * 40), "record 0 of 5, byte 197: an integer of more than 64 bits"),
        (batch_bytes(GOOD, 5, count=6), "record 5 of 6"),
        (batch_bytes(GOOD, 5, body=b"\x28\xb5\x2f\xfd no", attributes=4), "zstd: "),
        (batch_bytes(GOOD, 5, attributes=7), "codec 7: 0 to 4 are known"),
        (packed([Made(0, 0, None, bytes(1 << 20))], 5, 4, last=4), "zstd: [0-9]+ bytes hold more than 65536"),
        (packed([Made(0, 0, None, bytes(1 << 20))], 5, 5, last=4), "snappy: "),
        (packed(GOOD, 5, 3, count=1 << 30), "1073741824 records: "),
        (packed(GOOD, 5, 3, last=3), "offset delta 4"),
    ],
)
def test_a_batch_whose_records_are_bad_is_set_aside_at_once(bad, words):
    """Its checksum is right, so that fetching it again would not help."""
    shared = Shared(Bounds(batch_max_bytes=1 << 16))
    fetched = batch_bytes(GOOD, 0) + bad + batch_bytes(GOOD, 10)
    good, refused = read(fetched, shared)
    assert list(good.offset) == [0, 1, 2, 3, 4]
    assert refused.record(0).value == bad
    assert re.search(words, refused.refusal)
    last = struct.unpack_from(">i", bad, 23)[0]
    assert refused.next_offset == 5 + last + 1
    assert [list(batch.offset) for batch in read(batch_bytes(GOOD, 10), shared, 10)][-1] == [10, 11, 12, 13, 14]


def test_it_can_stop_instead():
    stop = Shared(Bounds(stop=True, retries=0))
    for bad in (batch_bytes(GOOD, 0, count=6), flipped(batch_bytes(GOOD, 0), 70)):
        with pytest.raises(DamageError, match=r"orders\[3\] batch at offset 0: "):
            read(bad + batch_bytes(GOOD, 10), stop)


@pytest.mark.parametrize(
    "bad",
    [
        flipped(batch_bytes(GOOD, 0), 26),  # last offset delta: no longer agrees with the count
        flipped(batch_bytes(GOOD, 0), 10),  # length
        batch_bytes(GOOD, 0)[:-1],
        b"\0" * 30,
        batch_bytes(GOOD, 7, magic=3, count=4),
    ],
)
def test_where_nobody_can_say_what_comes_next_it_stops(bad):
    """Skipping by a damaged number could lose two billion records."""
    shared = Shared(Bounds(retries=1))
    assert read(bad, shared) == []
    with pytest.raises(DamageError, match="does not say where the next batch begins"):
        read(bad, shared)


def test_what_is_decompressed_is_bounded():
    """Ten batches of 60 kB in a few bytes: one fetch gives little more than the limit; the rest is asked for again."""
    parts = [packed([Made(0, 0, None, bytes(60_000))], k, 4) for k in range(10)]
    shared = Shared(Bounds(batch_max_bytes=1 << 16, together_bytes=1 << 16))
    found, offset = [], 0
    while offset < 10:
        reader = FetchReader(PLACE, b"".join(parts[offset:]), None, offset, shared)
        batches = list(reader)
        assert sum(len(batch.data) for batch in batches) <= 3 << 16
        found += flat(batches)
        offset = reader.next_fetch_offset
    assert [record[0] for record in found] == list(range(10))


@pytest.mark.parametrize("seed", range(4))
def test_any_change_of_any_byte_gives_batches_or_a_refusal_or_an_error(seed):
    draw = random.Random(seed)
    fetched, _ = market(draw, batches=4)
    right = {record[0]: record for record in theirs(fetched, None, 0)[0]}
    for _ in range(400):
        changed = bytearray(fetched)
        for _ in range(draw.randrange(1, 4)):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        shared = Shared(Bounds(retries=0))
        try:
            batches = read(bytes(changed), shared)
        except DamageError:
            continue
        for record in flat([batch for batch in batches if not batch.refusal]):
            # The base offset is outside the checksum: it alone can be changed unseen.
            assert record[1:] in [known[1:] for known in right.values()]
