"""Signals that say that there is no new signal. The only ones that the wall clock causes.

They change no state and stand outside the identity of bytes.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from equipoise.processors.avro.heartbeats import last_of, note, write_heartbeats
from equipoise.processors.columns import Names, Outputs
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import given
from equipoise.streams.outgoing import FEE, SPREAD, writer_of
from equipoise.streams.settings import Delivery

MS: Final = 1_000_000
TOGETHER: Final = 256  # written at once; other work may go on between
_SCHEMAS: Final = (SPREAD, FEE)
_FIRST_ROOM: Final = 16

Beat = tuple[str, str, bytes]  # schema, instrument key, payload


class Heartbeats:
    """Knows the last signal of every instrument of one partition, and which are due."""

    def __init__(self, delivery: Delivery, instruments: Instruments) -> None:
        self._interval_ns = delivery.heartbeat_ms * MS
        self._stale_ns = delivery.stale_after_ms * MS
        self._instruments = instruments
        self._names = Names()
        self._last = given(last_of(0, _FIRST_ROOM))

    def published(self, outputs: Outputs, now_ns: int) -> None:
        """The signals of a step left at `now_ns`."""
        signals = outputs.signals
        if not len(signals):
            return
        self._names = outputs.names
        self._make_room(len(signals))
        note(self._last, given(signals), now_ns, now_ns + self._interval_ns)

    def due(self, now_ns: int) -> Iterator[list[Beat]]:
        """What is to be published now, some at a time."""
        if not self._last.used[0]:  # nor are the names known: asked for others, the writer lays out all texts anew
            return
        at, found = np.zeros(1, np.int64), np.zeros((TOGETHER, 3), np.int64)
        clock = np.array((now_ns, self._interval_ns, self._stale_ns))
        while True:
            texts, out = writer_of(self._instruments).room(self._names, TOGETHER)
            count = write_heartbeats(self._last, at, clock, texts, out, found)
            ends = found[:count].tolist()
            data, start, beats = out.data[: ends[-1][2] if ends else 0].tobytes(), 0, []
            for index, kind, end in ends:
                beats.append((_SCHEMAS[kind], self._instruments[index].key, data[start:end]))
                start = end
            if beats:
                yield beats
            if count < TOGETHER:
                return

    def _make_room(self, signals: int) -> None:
        """A row for each instrument that might be new."""
        last, listed = self._last, len(self._instruments)
        used, room = int(last.used[0]), len(last.signals)
        wanted = min(used + signals, listed)
        if wanted <= room and listed == len(last.rows):
            return
        wider = given(last_of(listed, max(room, min(2 * wanted, listed)) if wanted > room else room))
        wider.rows[: len(last.rows)], wider.used[:] = last.rows, last.used
        for old, new in zip(last[2:], wider[2:], strict=True):
            new[:room] = old
        self._last = wider
