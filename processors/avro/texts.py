"""What published records say of instruments and measures, as bytes that a kernel copies."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.wire import Bytes
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Contract, Kind
from equipoise.schemas.rows import tick_text

KEY, NAMES, TICK = 0, 2, 4  # columns of `Texts.instruments`, each a start and a size
FACTOR, PRICE = 0, 1  # columns of `Texts.units`
NEITHER, LINEAR, INVERSE = 0, 1, 2  # `Texts.contracts`
_CONTRACTS: Final = {Contract.LINEAR.name: LINEAR, Contract.INVERSE.name: INVERSE}


class Texts(NamedTuple):
    """Where each text lies and how long it is; and what volumes are converted by. n instruments."""

    data: Bytes
    instruments: NDArray[np.int64]  # (n, 6) VENUE:SYMBOL; venue and symbol, and tick, each as Avro strings
    units: NDArray[np.float64]  # (n, 2) lot x multiplier, tick
    contracts: NDArray[np.int64]  # (n,)
    kinds: NDArray[np.int64]  # (k, 2) by enums.Kind, in small letters
    components: NDArray[np.int64]  # (c, 2) names, as Avro strings
    measures: NDArray[np.int64]  # (m, 2) names, as Avro strings
    longest: int  # bytes of all texts of one record at the most


class TextTable:
    """Follows an `Instruments` table."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._seen: tuple[int, tuple[str, ...], tuple[str, ...]] | None = None
        self._texts: Texts

    def texts(self, components: tuple[str, ...], measures: tuple[str, ...]) -> Texts:
        """As of now, with these names; cheap where nothing has changed."""
        seen = self._instruments.changes, components, measures
        if self._seen != seen:
            self._seen = seen
            self._texts = _laid_out(list(self._instruments), components, measures)
        return self._texts


def avro_string(text: str) -> bytes:
    """Its length and its bytes. What no record can have is written as question marks."""
    return sized(text.encode(errors="replace"))


def sized(data: bytes) -> bytes:
    """Bytes behind their length, a zigzag integer: as Avro and Kafka's records have them."""
    rest, out = len(data) << 1, bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*out, rest)) + data


def _laid_out(listed: list[Instrument], components: tuple[str, ...], measures: tuple[str, ...]) -> Texts:
    data = bytearray()

    def put(text: bytes) -> tuple[int, int]:
        data.extend(text)
        return len(data) - len(text), len(text)

    def rows(found: Sequence[tuple[int, ...]], width: int = 2) -> NDArray[np.int64]:
        return np.array(found, np.int64).reshape(-1, width)

    instruments = [
        (
            *put(one.key.encode(errors="replace")),
            *put(avro_string(one.venue) + avro_string(one.symbol)),
            *put(avro_string(tick_text(one.tick))),
        )
        for one in listed
    ]
    kinds = [put(kind.name.lower().encode()) for kind in Kind]
    names = [[put(avro_string(name)) for name in group] for group in (components, measures)]
    longest = max((sum(row[1::2]) for row in instruments), default=0) + max(size for _, size in kinds)
    return Texts(
        np.frombuffer(bytes(data), np.uint8),
        rows(instruments, 6),
        np.array([(float(one.lot * one.multiplier), float(one.tick)) for one in listed]).reshape(-1, 2),
        np.array([_CONTRACTS.get(one.contract.upper(), NEITHER) for one in listed], np.int64),
        rows(kinds),
        rows(names[0]),
        rows(names[1]),
        longest + max(sum(size for _, size in group) for group in names),
    )
