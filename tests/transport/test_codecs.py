"""Every codec, both framings of snappy, damaged data, and bombs in bounded memory."""

import contextlib
import gzip
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

import cramjam
import numpy as np
import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode

from equipoise.processors.batch.problems import FramingError
from equipoise.streams.transport.codecs import decompress

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
PLAIN = os.urandom(3_000) * 40
ENCODED = {
    "gzip": (GZIP, gzip_encode(PLAIN)),
    "snappy": (SNAPPY, bytes(snappy_encode(PLAIN, xerial_compatible=False))),
    "xerial": (SNAPPY, snappy_encode(PLAIN)),
    "lz4": (LZ4, lz4_encode(PLAIN)),
    "zstd": (ZSTD, zstd_encode(PLAIN)),
}
each = pytest.mark.parametrize(("codec", "data"), ENCODED.values(), ids=ENCODED)


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


@each
@pytest.mark.parametrize("spare", [0, 1, 5_000])
def test_what_was_compressed_comes_back(codec, data, spare):
    out = np.zeros(len(PLAIN) + spare, np.uint8)
    assert decompress(codec, array(data), out) == len(PLAIN)
    assert out[: len(PLAIN)].tobytes() == PLAIN


@each
def test_one_byte_too_many_is_refused(codec, data):
    with pytest.raises(FramingError, match=f"hold more than {len(PLAIN) - 1}|hold more than"):
        decompress(codec, array(data), np.zeros(len(PLAIN) - 1, np.uint8))


@each
def test_a_cut_is_refused(codec, data):
    with pytest.raises(FramingError):
        decompress(codec, array(data[:-9]), np.zeros(len(PLAIN), np.uint8))


@pytest.mark.parametrize("codec", [0, 5, 7])
def test_an_unknown_codec_is_refused(codec):
    with pytest.raises(FramingError, match=f"codec {codec}: 0 to 4 are known"):
        decompress(codec, array(b"abc"), np.zeros(9, np.uint8))


@pytest.mark.parametrize("length", [-1, 1 << 30])
def test_a_block_of_snappy_lies_inside(length):
    data = snappy_encode(b"")[:16] + struct.pack(">i", length) + b"abc"
    with pytest.raises(FramingError, match=f"snappy: block length {length}, of which 3"):
        decompress(SNAPPY, array(data), np.zeros(9, np.uint8))
    with pytest.raises(FramingError, match="snappy: 2 bytes where the length"):
        decompress(SNAPPY, array(data[:18]), np.zeros(9, np.uint8))


def bombs() -> dict[str, tuple[int, bytes]]:
    size = 300 << 20
    zeros = bytes(size)
    raw = bytes(cramjam.snappy.compress_raw(zeros))
    block = struct.pack(">i", len(raw)) + raw
    return {
        "gzip": (GZIP, gzip.compress(zeros, 1)),
        "snappy": (SNAPPY, raw),
        "xerial": (SNAPPY, snappy_encode(b"")[:16] + block),
        "lz4": (LZ4, bytes(cramjam.lz4.compress(zeros))),
        "zstd": (ZSTD, bytes(cramjam.zstd.compress(zeros))),
    }


def explode(folder: str) -> None:
    """Decompress every file of a folder into 1 MiB; print how much the most memory ever used has risen, in KiB."""
    made = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    out = np.zeros(1 << 20, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, data in made.items():
        with pytest.raises(FramingError, match="hold more than 1048576, the most allowed"):
            decompress(int(name[0]), array(data), out)
    print(len(made), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def test_a_bomb_takes_no_memory_but_what_was_given(tmp_path):
    """300 MiB of zeros, small when compressed, into 1 MiB."""
    for name, (codec, data) in bombs().items():
        (tmp_path / f"{codec}-{name}").write_bytes(data)
    code = f"from tests.transport.test_codecs import explode; explode({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files, risen_kib = map(int, done.stdout.split())
    assert files == 5
    assert risen_kib < 16 << 10


@each
def test_changed_bytes_end_in_bytes_or_a_refusal(codec, data):
    draw = np.random.default_rng(1)
    for _ in range(200):
        changed = array(data).copy()
        changed[draw.integers(0, len(data), 3)] = draw.integers(0, 256, 3)
        with contextlib.suppress(FramingError):
            assert 0 <= decompress(codec, changed, np.zeros(len(PLAIN), np.uint8)) <= len(PLAIN)
