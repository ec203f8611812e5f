"""Any JSON at all has one outcome in every format."""

import json
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import BookSource
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from tests.sources.mappings import BINANCE, decode

KEYS = [
    *"esTEuUbatpqmX",
    *("pu", "delta", "book", "bid", "ask", "side", "amount", "price", "symbol", "exchange", "timestamp", "id"),
    *("lastUpdateId", "bids", "asks", "stream"),
]
FORMATS = ["binance", "cryptofeed", "kraken", "map"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["100.1", "trade"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, max_size=8), st.sampled_from(FORMATS))
def test_any_json_has_one_outcome_in_every_format(tmp_path_factory, value, name):
    table = Instruments()
    table.add(Instrument("BINANCE", "BTCUSDT", Decimal("0.1"), Decimal("0.001"), BookSource.L2))
    if name == "map":
        name = str(tmp_path_factory.getbasetemp() / "any.toml")
        Path(name).write_text(BINANCE)
    made = open_decoder(name, table, Origin("t", "BINANCE", "BTCUSDT"))
    text = json.dumps({"data": value, **value}).encode()
    decoded = decode(made, text)
    assert len(set(decoded.record.tolist())) + len(decoded.refusals) == 1
