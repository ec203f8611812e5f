"""The venues' own worked examples."""

from decimal import Decimal

import pytest

from equipoise.schemas.enums import Side
from equipoise.streams.sources.checksums import RULES, aevo, bitfinex, kraken, okx, printed
from equipoise.streams.sources.top import Top

# docs.kraken.com, "Book checksum (WebSocket v2)": the text and its checksum.
KRAKEN_BIDS = [
    ("45283.5", "0.10000000"), ("45283.4", "1.54582015"), ("45282.1", "0.10000000"), ("45281.0", "0.10000000"),
    ("45280.3", "1.54592586"), ("45279.0", "0.07990000"), ("45277.6", "0.03310103"), ("45277.5", "0.30000000"),
    ("45277.3", "1.54602737"), ("45276.6", "0.15445238"),
]  # fmt: skip
KRAKEN_ASKS = [
    ("45285.2", "0.00100000"), ("45286.4", "1.54571953"), ("45286.6", "1.54571109"), ("45289.6", "1.54560911"),
    ("45290.2", "0.15890660"), ("45291.8", "1.54553491"), ("45294.7", "0.04454749"), ("45296.1", "0.35380000"),
    ("45297.5", "0.09945542"), ("45299.5", "0.18772827"),
]  # fmt: skip
KRAKEN_CHECKSUM = 3_310_070_434


def test_krakens_example():
    assert kraken(KRAKEN_BIDS, KRAKEN_ASKS) == KRAKEN_CHECKSUM
    assert kraken([*KRAKEN_BIDS, ("1.0", "1")], [*KRAKEN_ASKS, ("9.0", "1")]) == KRAKEN_CHECKSUM  # ten levels
    assert kraken(KRAKEN_BIDS[:9], KRAKEN_ASKS) != KRAKEN_CHECKSUM


@pytest.mark.parametrize(
    ("bids", "asks", "checksum"),
    [  # OKX, "Checksum": as many bids as asks, and fewer
        ([("3366.1", "7"), ("3366", "6")], [("3366.8", "9"), ("3368", "8")], -1_881_014_294),
        ([("3366.1", "7")], [("3366.8", "9"), ("3368", "8"), ("3372", "8")], 831_078_360),
    ],
)
def test_okxs_examples(bids, asks, checksum):
    assert okx(bids, asks) == RULES["bitget"](bids, asks) == checksum


def test_aevos_example():
    assert aevo([("9", "2")], [("10", "1")]) == 1_226_559_413


def test_bitfinex_is_okx_with_negative_asks():
    """No worked value is published; the page gives the order bid, amount, ask, amount, and asks below zero."""
    assert bitfinex([("6000", "1")], [("6001", "2")]) == okx([("6000", "1")], [("6001", "-2")])
    assert bitfinex([("6000", "1")], [("6001", "2")]) != okx([("6000", "1")], [("6001", "2")])


@pytest.mark.parametrize(
    ("units", "unit", "text"),
    [(3, "0.10", "0.30"), (452835, "0.1", "45283.5"), (452810, "0.1", "45281.0"), (10**7, "1e-8", "0.10000000"),
     (7, "1", "7"), (12, "0.5", "6.0"), (1, "1e-8", "0.00000001")],
)  # fmt: skip
def test_numbers_are_printed_with_all_places(units, unit, text):
    assert printed(units, Decimal(unit)) == text


def test_a_book_of_ticks_and_lots_has_the_published_checksum():
    top = Top(Decimal("0.1"), Decimal("1e-8"))
    for side, levels in ((Side.ASK, KRAKEN_ASKS), (Side.BID, KRAKEN_BIDS)):
        for price, size in reversed(levels):
            top.set(side, int(Decimal(price) * 10), int(Decimal(size) * 10**8))
    top.begun()
    assert top.checksum(kraken, 10) == KRAKEN_CHECKSUM
    top.set(Side.BID, 452_836, 5)
    assert top.drop_deep(Side.BID) == [452_766]  # ten were subscribed to: the eleventh falls out
    top.set(Side.BID, 452_836, 0)
    assert top.checksum(kraken, 10) == kraken(KRAKEN_BIDS[:9], KRAKEN_ASKS)
    top.set(Side.BID, 452_836, 0)  # once more says nothing new
    assert top.drop_deep(Side.ASK) == []
