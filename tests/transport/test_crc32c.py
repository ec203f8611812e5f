"""Checksums by the processor's instruction and by tables, beside aiokafka's and published values."""

import os
import subprocess
import sys

import numpy as np
import pytest
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from equipoise.processors.batch import crc32c
from equipoise.processors.jit import njit


@njit
def by_tables(data, at, end):
    return crc32c.by_tables(data, at, end)


@njit
def by_instruction(data, at, end):
    return crc32c.by_instruction(data, at, end)


WAYS = [by_tables, *([by_instruction] if crc32c.INSTRUCTION else [])]
both = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@both
@pytest.mark.parametrize(
    ("data", "wanted"),
    [  # RFC 3720, appendix B.4, and the check value that catalogues of checksums give
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_values(way, data, wanted):
    assert way(np.frombuffer(data, np.uint8), 0, len(data)) == wanted


@both
@given(st.binary(max_size=100), st.integers(0, 100), st.integers(0, 100))
def test_any_piece_of_any_bytes(way, data, start, end):
    start, end = sorted((min(start, len(data)), min(end, len(data))))
    assert way(np.frombuffer(data, np.uint8), start, end) == calc_crc32c(data[start:end])


@pytest.mark.skipif(not crc32c.INSTRUCTION, reason="this processor has no instruction for it, or the JIT is off")
@pytest.mark.parametrize(("at", "end"), [(-1, 5), (0, 11), (6, 5), (20, 30)])
def test_by_address_nothing_outside_is_read(at, end):
    assert by_instruction(np.zeros(10, np.uint8), at, end) == -1


def test_a_processor_without_the_instruction_takes_the_tables():
    """Which is what numba is told to compile for, not what this machine is."""
    code = "from equipoise.processors.batch import crc32c as c; print(c.INSTRUCTION, c.crc32c is c.by_tables)"
    generic = os.environ | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run([sys.executable, "-c", code], env=generic, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "True"]
