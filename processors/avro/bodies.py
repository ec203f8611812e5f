"""What a step published, as Avro bodies: all rows of a kind in one pass of a kernel.

Tried before: writers in Python over bytes kept ready, 25 microseconds a signal and 100 a window; with thousands of
instruments, each of whose orders causes a signal, that was most of a worker's time.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from equipoise.processors.avro.signals import write_signals
from equipoise.processors.avro.texts import Texts, TextTable
from equipoise.processors.avro.windows import write_windows
from equipoise.processors.avro.write import REASONS, Room, room_of
from equipoise.processors.columns import N_BUCKETS, Names, Outputs
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import given
from equipoise.schemas.errors import EncodingError

Array = Any  # rows of a structured dtype

_CHUNK: Final = 2_048  # rows written in one go, so that their bytes stay within a few megabytes
# bytes at the most beside texts
_SIGNAL: Final = 400
_COMPONENT: Final = 64
_WINDOW: Final = 600 + 50 * N_BUCKETS
_MEASURE: Final = 16


class Bodies(NamedTuple):
    """What one row of signals is published as; empty where its `emits` leaves it out."""

    spread: bytes
    fee: bytes


class BodyWriter:
    """Writes what concerns one table of instruments."""

    def __init__(self, instruments: Instruments) -> None:
        """Writer for these instruments; those listed later are written, too."""
        self._table = TextTable(instruments)
        self._out = room_of(0)

    def signals(self, outputs: Outputs) -> Iterator[Bodies]:
        """The bodies of each row of `outputs.signals`, in order.

        Raises:
            EncodingError: there are more or fewer components than names, or a reason that no enum has.
        """
        rows, parts, names = outputs.signals, outputs.components, outputs.names.components
        _check(rows, parts, names, "components")
        for first in range(0, len(rows), _CHUNK):
            some, theirs = rows[first : first + _CHUNK], parts[first : first + _CHUNK]
            texts = self._table.texts(names, outputs.names.measures)
            out = self._room(2 * len(some) * (_SIGNAL + texts.longest + _COMPONENT * len(names)))
            ends = np.zeros((len(some), 2), np.int64)
            used = write_signals(given(some), given(theirs), texts, out, ends)
            data, start = out.data[:used].tobytes(), 0
            for middle, end in ends.tolist():
                yield Bodies(data[start:middle], data[middle:end])
                start = end

    def windows(self, outputs: Outputs) -> Iterator[bytes]:
        """The body of each row of `outputs.windows`, in order. Raises EncodingError as `signals`, of measures."""
        rows, parts, names = outputs.windows, outputs.measures, outputs.names.measures
        _check(rows, parts, names, "measures")
        for first in range(0, len(rows), _CHUNK):
            some, theirs = rows[first : first + _CHUNK], parts[first : first + _CHUNK]
            texts = self._table.texts(outputs.names.components, names)
            out = self._room(len(some) * (_WINDOW + texts.longest + _MEASURE * len(names)))
            ends = np.zeros(len(some), np.int64)
            used = write_windows(given(some), given(theirs), texts, out, ends)
            data, start = out.data[:used].tobytes(), 0
            for end in ends.tolist():
                yield data[start:end]
                start = end

    def room(self, names: Names, heartbeats: int) -> tuple[Texts, Room]:
        """The texts, and room for so many heartbeats; until the next call of anything here."""
        texts = self._table.texts(names.components, names.measures)
        return texts, self._room(heartbeats * (_SIGNAL + 2 * texts.longest))

    def _room(self, size: int) -> Room:
        if len(self._out.data) < size:
            self._out = room_of(size)
        return self._out


def _check(rows: Array, parts: Array, names: tuple[str, ...], what: str) -> None:
    if parts.shape[1] != len(names):
        raise EncodingError(f"{what}: got {parts.shape[1]} rows, expected {len(names)}")
    if len(rows) and (unknown := int(np.bitwise_or.reduce(rows["reasons"])) >> REASONS):
        raise EncodingError(f"reasons: {unknown << REASONS:#x} has bits above the last reason's, {REASONS - 1}")
