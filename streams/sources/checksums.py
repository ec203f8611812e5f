"""Checksums of the top of a book, as venues publish them: CRC-32 (IEEE 802.3) over the text of the best levels.

| rule | levels | text | value |
|---|---|---|---|
| `kraken` | 10 | asks, then bids; price and size without the point and without leading zeros | unsigned |
| `okx` (also Bitget) | 25 | bid:ask:bid:ask..., each price:size as sent; the longer side goes on alone | signed |
| `bitfinex` | 25 | as `okx`, sizes of asks negative | signed |
| `aevo` | 100 | as `okx` | unsigned |

Sources: docs.kraken.com "Book checksum (WebSocket v2)", OKX "Checksum" (always 0 since June 2026: nothing to check),
docs.bitfinex.com "WebSocket Checksum", api-docs.aevo.xyz "Orderbook checksum". Numbers must stand as the venue
prints them: `printed` makes that text from whole ticks and lots.
"""

import zlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Final

Level = tuple[str, str]  # price, size
Rule = Callable[[Sequence[Level], Sequence[Level]], int]  # bids and asks, each with the best first


def printed(units: int, unit: Decimal) -> str:
    """`units` ticks or lots as text with all the places of `unit`: 3 of 0.10 is 0.30."""
    return f"{units * unit:f}"


def kraken(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    """Kraken's rule, of its WebSocket v1 and v2 books and its FIX feed."""
    text = "".join(
        number.replace(".", "").lstrip("0") for side in (asks, bids) for pair in side[:10] for number in pair
    )
    return zlib.crc32(text.encode())


def okx(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    """OKX's rule, which Bitget shares."""
    return _signed(_interleaved(bids[:25], asks[:25]))


def bitfinex(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    """Bitfinex's rule for books by price (P0 to P4)."""
    return _signed(_interleaved(bids[:25], [(price, f"-{size}") for price, size in asks[:25]]))


def aevo(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    """Aevo's rule."""
    return _interleaved(bids[:100], asks[:100])


def _interleaved(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    pairs = (level for both in zip_longest(bids, asks) for level in both if level is not None)
    return zlib.crc32(":".join(number for level in pairs for number in level).encode())


def _signed(crc: int) -> int:
    return crc - (1 << 32) if crc >= 1 << 31 else crc


RULES: Final[dict[str, Rule]] = {"kraken": kraken, "okx": okx, "bitget": okx, "bitfinex": bitfinex, "aevo": aevo}
