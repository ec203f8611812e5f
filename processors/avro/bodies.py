"""What a step published, as Avro bodies: all rows of a kind in one pass of a kernel.

Tried before: writers in Python over bytes kept ready, 25 microseconds a signal and 100 a window; with thousands of
instruments, each of whose orders causes a signal, that was most of a worker's time.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.signals import write_signals
from equipoise.processors.avro.texts import Texts, TextTable
from equipoise.processors.avro.windows import write_windows
from equipoise.processors.avro.write import REASONS, Room, room_of
from equipoise.processors.columns import N_BUCKETS, Names, Outputs
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import given
from equipoise.schemas.errors import EncodingError

Array = Any  # rows of a structured dtype

CHUNK: Final = 2_048  # rows written in one go, so that their bytes stay within a few megabytes
# bytes at the most beside texts
_SIGNAL: Final = 400
_COMPONENT: Final = 64
_WINDOW: Final = 600 + 50 * N_BUCKETS
_MEASURE: Final = 16


class Bodies(NamedTuple):
    """What one row of signals is published as; empty where its `emits` leaves it out."""

    spread: bytes
    fee: bytes


class Written(NamedTuple):
    """Rows whose bodies lie one behind the other, until the writer is asked for more."""

    rows: Array
    ends: NDArray[np.int64]  # (rows, kinds): where each body ends; empty ones are left out
    data: NDArray[np.uint8]
    texts: Texts


class BodyWriter:
    """Writes what concerns one table of instruments."""

    def __init__(self, instruments: Instruments) -> None:
        """Writer for these instruments; those listed later are written, too."""
        self._table = TextTable(instruments)
        self._out = room_of(0)

    def signals(self, outputs: Outputs) -> Iterator[Bodies]:
        """The bodies of each row of `outputs.signals`, in order. Raises EncodingError as `written_signals`."""
        for some in self.written_signals(outputs):
            data, start = some.data.tobytes(), 0
            for middle, end in some.ends.tolist():
                yield Bodies(data[start:middle], data[middle:end])
                start = end

    def windows(self, outputs: Outputs) -> Iterator[bytes]:
        """The body of each row of `outputs.windows`, in order. Raises EncodingError as `written_windows`."""
        for some in self.written_windows(outputs):
            data, start = some.data.tobytes(), 0
            for (end,) in some.ends.tolist():
                yield data[start:end]
                start = end

    def written_signals(self, outputs: Outputs) -> Iterator[Written]:
        """Some rows of `outputs.signals` at a time, their bodies in the order of Bodies.

        Raises:
            EncodingError: there are more or fewer components than names, or a reason that no enum has.
        """
        rows, parts, names = outputs.signals, outputs.components, outputs.names.components
        _check(rows, parts, names, "components")
        for first in range(0, len(rows), CHUNK):
            some, theirs = given(rows[first : first + CHUNK]), given(parts[first : first + CHUNK])
            texts = self._table.texts(names, outputs.names.measures)
            out = self._room(2 * len(some) * (_SIGNAL + texts.longest + _COMPONENT * len(names)))
            ends = np.zeros((len(some), 2), np.int64)
            yield Written(some, ends, out.data[: write_signals(some, theirs, texts, out, ends)], texts)

    def written_windows(self, outputs: Outputs) -> Iterator[Written]:
        """Some rows of `outputs.windows` at a time. Raises EncodingError as `written_signals`, of measures."""
        rows, parts, names = outputs.windows, outputs.measures, outputs.names.measures
        _check(rows, parts, names, "measures")
        for first in range(0, len(rows), CHUNK):
            some, theirs = given(rows[first : first + CHUNK]), given(parts[first : first + CHUNK])
            texts = self._table.texts(outputs.names.components, names)
            out = self._room(len(some) * (_WINDOW + texts.longest + _MEASURE * len(names)))
            ends = np.zeros(len(some), np.int64)
            used = write_windows(some, theirs, texts, out, ends)
            yield Written(some, ends.reshape(-1, 1), out.data[:used], texts)

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
