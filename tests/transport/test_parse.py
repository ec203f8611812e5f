"""The record parser against records written by hand, and against any bytes."""

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.batch.parse import HEADERS_AT, HEADERS_COUNT
from equipoise.processors.batch.problems import FramingError
from tests.transport.made import Made, parsed, record_bytes, sized, zigzag

blobs = st.one_of(st.none(), st.binary(max_size=200))
header = st.tuples(st.text("aß☂", max_size=9), blobs)


@st.composite
def made(draw, most=30):
    offsets = sorted(draw(st.sets(st.integers(0, 1 << 30), max_size=most)))
    stamps = st.integers(-(1 << 40), 1 << 40)
    return [Made(o, draw(stamps), draw(blobs), draw(blobs), draw(st.lists(header, max_size=4))) for o in offsets]


def cut(body: bytes, at: int, length: int) -> bytes | None:
    return None if length < 0 else body[at : at + length]


@settings(deadline=None)
@given(records=made(), base=st.integers(0, 1 << 62), base_ms=st.integers(-1, 1 << 50))
def test_every_field_is_where_it_was_written(records, base, base_ms):
    body = b"".join(map(record_bytes, records))
    rows = parsed(body, len(records), base_offset=base, base_ms=base_ms)
    for record, (offset, stamp, key_at, key_length, value_at, value_length, headers_at, count) in zip(
        records, rows, strict=True
    ):
        assert (offset, stamp) == (base + record.offset, base_ms + record.stamp)
        assert cut(body, key_at, key_length) == record.key
        assert cut(body, value_at, value_length) == record.value
        assert count == len(record.headers)
        written = b"".join(sized(name.encode()) + sized(value) for name, value in record.headers)
        assert body[headers_at : headers_at + len(written)] == written


def test_a_log_append_time_is_that_of_all_records():
    body = record_bytes(Made(0, 5, None, b"a")) + record_bytes(Made(1, 9, None, b"b"))
    assert [row[1] for row in parsed(body, 2, base_ms=100, append_ms=777)] == [777, 777]


def test_a_batch_of_nothing_has_no_records():
    assert parsed(b"", 0) == []


def whole(body: bytes) -> bytes:
    return zigzag(len(body)) + body


GOOD = record_bytes(Made(0, 0, b"k", b"v", [("h", b"x")]))
LONGEST = b"\xff" * 10


@pytest.mark.parametrize(
    ("body", "count", "words"),
    [
        (b"\xff", 0, "1 bytes of the batch are left over"),
        (GOOD + b"\0", 1, "1 bytes of the batch are left over"),
        (GOOD[:-1], 1, "record length 12: .* end inside the batch"),
        (b"\x80" * 7, 1, "the bytes end inside an integer"),
        (LONGEST, 1, "more than 64 bits"),
        (whole(b"") + b"\0" * 6, 1, "record 0 of 1, byte 1: the bytes end"),
        (zigzag(-3) + b"\0" * 9, 1, "record length -3"),
        (whole(b"\0" + zigzag(1 << 62) + zigzag(0) + b"\1\1\0"), 1, "timestamp delta 4611686018427387904"),
        (GOOD + whole(b"\0\0" + zigzag(0) + b"\1\1\0"), 2, "record 1 of 2.*offset delta 0"),
        (whole(b"\0\0" + zigzag(-1) + b"\1\1\0"), 1, "offset delta -1"),
        (whole(b"\0\0" + zigzag(11) + b"\1\1\0"), 1, "offset delta 11"),
        (whole(b"\0\0\0" + zigzag(-2) + b"\1\0"), 1, "key length -2"),
        (whole(b"\0\0\0" + zigzag(4) + b"abc"), 1, "key length 4"),
        (whole(b"\0\0\0" + b"\1" + zigzag(1 << 40) + b"\0"), 1, "value length 1099511627776"),
        (whole(b"\0\0\0\1\1" + zigzag(-1)), 1, "-1 headers"),
        (whole(b"\0\0\0\1\1" + zigzag(3) + b"\0\1"), 1, "3 headers"),
        (whole(b"\0\0\0\1\1" + zigzag(1) + b"\1\0"), 1, "header key length -1"),
        (whole(b"\0\0\0\1\1" + zigzag(1) + b"\0" + zigzag(9)), 1, "header value length 9"),
        (whole(b"\0\0\0\1\1\0" + b"??"), 1, "2 bytes of the record are left over"),
        (b"\0" * 6, 1, "1 records: .* at least 7 bytes, of which there are 6"),
        (GOOD, -1, "-1 records"),
        (GOOD, 1 << 31, "2147483648 records: "),
    ],
)
def test_the_first_thing_wrong_is_named(body, count, words):
    with pytest.raises(FramingError, match=words):
        parsed(body, count, last_delta=10, base_ms=1 << 62)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"at": 5, "end": 4}, "records at bytes 5 to 4"),
        ({"end": 14}, "records at bytes 0 to 14: there are 13"),
        ({"at": -1}, "records at bytes -1"),
        ({"base_offset": -1}, "base offset -1"),
        ({"last_delta": -1}, "last delta -1"),
        ({"base_offset": (1 << 63) - 1}, "below 2.63"),
    ],
)
def test_a_span_that_cannot_be_is_refused_before_room_is_made(fields, words):
    with pytest.raises(FramingError, match=words):
        parsed(GOOD, 1, **fields)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=200), count=st.integers(0, 40))
def test_any_bytes_are_columns_inside_them_or_one_refusal(body, count):
    check_any(body, count)


@settings(max_examples=300, deadline=None)
@given(records=made(8), data=st.data())
def test_changed_bytes_are_columns_inside_them_or_one_refusal(records, data):
    body = bytearray(b"".join(map(record_bytes, records)))
    for _ in range(data.draw(st.integers(0, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    count = max(0, len(records) + data.draw(st.integers(-1, 1)))
    check_any(bytes(body), count)


def check_any(body: bytes, count: int) -> bool:
    """Parse; whatever comes out lies inside. Returns whether columns came out."""
    try:
        rows = parsed(body, count)
    except FramingError:
        return False
    before = -1
    for offset, _, key_at, key_length, value_at, value_length, headers_at, headers in rows:
        assert offset > before
        before = offset
        assert key_length >= -1
        assert value_length >= -1
        assert 0 <= key_at <= key_at + max(key_length, 0) <= value_at <= value_at + max(value_length, 0)
        assert value_at + max(value_length, 0) <= headers_at <= headers_at + 2 * headers <= len(body)
    return True


def mutate(draw: random.Random, body: bytearray) -> bytearray:
    """One of the changes that a parser trips over."""
    at = draw.randrange(len(body) + 1)
    match draw.randrange(6):
        case 0 if body:
            body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        case 1:
            body[at:at] = draw.choice([b"\xff" * draw.randrange(1, 12), zigzag(draw.randrange(-9, 9)), b"\0"])
        case 2:
            del body[at : at + draw.randrange(1, 9)]
        case 3:
            body[at : at + 1] = zigzag(draw.choice([-1, -2, 1 << 31, 1 << 62, -(1 << 63), (1 << 63) - 1]))
        case 4:
            body += body[at : at + 20]
        case _:
            del body[at:]
    return body


def fuzz(rounds: int, seed: int) -> tuple[int, int]:
    """Mutated batches: how many were read, how many refused."""
    draw, read_, refused = random.Random(seed), 0, 0
    for _ in range(rounds):
        count = draw.randrange(6)
        body = bytearray()
        for offset in range(count):
            headers = [("h" * draw.randrange(3), draw.choice([None, b"", b"xy"]))] * draw.randrange(3)
            blob = draw.choice([None, b"", bytes(draw.randrange(200))])
            body += record_bytes(Made(offset, draw.randrange(-99, 999), blob, draw.choice([None, b"v" * 70]), headers))
        for _ in range(draw.randrange(1, 4)):
            body = mutate(draw, body)
        if check_any(bytes(body), max(0, count + draw.choice([-1, 0, 0, 0, 1]))):
            read_ += 1
        else:
            refused += 1
    return read_, refused


@pytest.mark.slow
@pytest.mark.parametrize("way", [{"NUMBA_BOUNDSCHECK": "1"}, {"NUMBA_DISABLE_JIT": "1"}], ids=["checked", "plain"])
def test_no_mutated_batch_reads_outside_its_bytes(way, tmp_path):
    """With every access checked: 20,000 mutants compiled, 2,000 as plain Python (where a wrong index raises)."""
    rounds = 20_000 if "NUMBA_BOUNDSCHECK" in way else 2_000
    code = f"from tests.transport.test_parse import fuzz; print(*fuzz({rounds}, 1))"
    environment = os.environ | way | {"EQUIPOISE_KERNEL_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read_, refused = map(int, done.stdout.split())
    assert read_ + refused == rounds
    assert read_ > rounds // 50
    assert refused > rounds // 2


def test_headers_columns_are_the_last_two():
    assert (HEADERS_AT, HEADERS_COUNT) == (6, 7)
