"""Deterministic ids: of signals, of orders whose own id is text, of pending swaps."""

from hashlib import blake2b
from typing import Final

from equipoise.schemas.enums import Kind

_KIND_WORDS: Final = {kind: kind.name.lower() for kind in Kind}
_BOUND: Final = 2**63


def instrument_key(venue: str, symbol: str) -> str:
    """VENUE:SYMBOL, the Kafka key of everything about an instrument."""
    return f"{venue}:{symbol}"


def signal_id(key: str, kind: Kind, ordinal: int) -> str:
    """KEY/live/ORDINAL, KEY/final/WINDOW_START_NS or KEY/heartbeat/NS, with KEY = VENUE:SYMBOL."""
    return f"{key}/{_KIND_WORDS[kind]}/{ordinal}"


def order_id(text: str) -> int:
    """A venue's textual order id as 64 bits.

    A canonical decimal number (no sign, no leading zero) below 2^63 stands for itself; anything else
    becomes the first 8 bytes of its BLAKE2b-64 digest (UTF-8), big-endian signed.
    """
    if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
        number = int(text) if len(text) < 20 else _BOUND
        if number < _BOUND:
            return number
    return _digest(text)


def intent_id(transaction: str, leg: int) -> int:
    """The id of one swap of a pending transaction: 64 bits of HASH/LEG."""
    return _digest(f"{transaction}/{leg}")


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
