"""The instruments of the mappings, and the interpreter as a worker has it."""

import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import BookSource


@pytest.fixture
def mapped_instruments():
    table = Instruments()
    table.add(Instrument("BINANCE", "BTCUSDT", Decimal("0.1"), Decimal("0.001"), BookSource.L2))
    table.add(Instrument("K", "A", Decimal("0.05"), Decimal(10)))
    return table


@pytest.fixture(autouse=True)
def _usual_recursion_limit() -> Iterator[None]:
    """py_ecc, which other tests of the same process import, raises the limit that refuses JSON nested too deep."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)
