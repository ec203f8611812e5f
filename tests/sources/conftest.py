"""The instruments of the mappings."""

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
