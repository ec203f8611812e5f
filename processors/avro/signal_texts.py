"""The texts of signals as bytes that a kernel copies: names of instruments, ticks, kinds, names of components."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.wire import Bytes
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Kind
from equipoise.schemas.rows import tick_text

KEY, NAMES, TICK = 0, 2, 4  # columns of `Texts.instruments`, each a start and a size


class Texts(NamedTuple):
    """Where each text lies, and how long it is."""

    data: Bytes
    instruments: NDArray[np.int64]  # (n, 6) VENUE:SYMBOL; venue and symbol, and tick, each as Avro strings
    kinds: NDArray[np.int64]  # (k, 2) by enums.Kind, in small letters
    names: NDArray[np.int64]  # (c, 2) of the components, as Avro strings
    longest: int  # bytes of all texts of one signal at the most


class TextTable:
    """Follows an `Instruments` table."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._changes: int = -1
        self._names: tuple[str, ...] = ()
        self._texts: Texts

    def texts(self, names: tuple[str, ...]) -> Texts:
        """As of now, with these names of components; cheap where nothing has changed."""
        if self._changes != self._instruments.changes or self._names != names:
            self._changes, self._names = self._instruments.changes, names
            self._texts = _laid_out(list(self._instruments), names)
        return self._texts


def avro_string(text: str) -> bytes:
    """Its length and its bytes. What no record can have is written as question marks."""
    data = text.encode(errors="replace")
    size, head = len(data) << 1, bytearray()
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes((*head, size)) + data


def _laid_out(instruments: list[Instrument], names: tuple[str, ...]) -> Texts:
    data = bytearray()

    def put(text: bytes) -> tuple[int, int]:
        data.extend(text)
        return len(data) - len(text), len(text)

    rows = [
        (
            *put(one.key.encode(errors="replace")),
            *put(avro_string(one.venue) + avro_string(one.symbol)),
            *put(avro_string(tick_text(one.tick))),
        )
        for one in instruments
    ]
    kinds = [put(kind.name.lower().encode()) for kind in Kind]
    components = [put(avro_string(name)) for name in names]
    longest = max((sum(row[1::2]) for row in rows), default=0) + sum(size for _, size in components)
    return Texts(
        np.frombuffer(bytes(data), np.uint8),
        np.array(rows, np.int64).reshape(-1, 6),
        np.array(kinds, np.int64).reshape(-1, 2),
        np.array(components, np.int64).reshape(-1, 2),
        longest + max(size for _, size in kinds),
    )
