"""Recomputes one signal: its bytes again, and the rows that led to it."""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Kind
from equipoise.streams.outgoing import payloads

KINDS: Final = {kind.name.lower(): kind for kind in (Kind.LIVE, Kind.FINAL)}


class SignalIdError(ValueError):
    """A text is no id of a signal that can be recomputed."""


class SignalId(NamedTuple):
    """VENUE:SYMBOL/live/ORDINAL or VENUE:SYMBOL/final/WINDOW_START_NS."""

    key: str
    kind: Kind
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> "SignalId":
        """Raises SignalIdError with what was expected."""
        key, _, rest = text.rpartition("/")
        key, _, kind = key.rpartition("/")
        if kind == "heartbeat":
            raise SignalIdError(f"{text}: a heartbeat says that nothing happened; there is nothing to recompute")
        if ":" not in key or kind not in KINDS or not rest.isdigit():
            raise SignalIdError(f"{text!r} is neither VENUE:SYMBOL/live/ORDINAL nor VENUE:SYMBOL/final/WINDOW_START_NS")
        return cls(key, KINDS[kind], int(rest))

    def find(self, instruments: Instruments) -> int:
        """Index of the instrument, -1 where it is not listed."""
        venue, _, symbol = self.key.partition(":")
        return instruments.find(venue, symbol)


class Shown(NamedTuple):
    """One row as the engine got it, and what became of it."""

    source: int
    offset: int
    event_ns: int
    action: int
    side: int
    price: int
    quantity: int
    order_id: int
    outcome: int
    cause: int


_COLUMNS: Final = ("source", "offset", "event_ns", "action", "side", "price", "quantity", "order_id")


@dataclass(slots=True)
class Recomputed:
    """What came out. `bodies` is empty where the signal did not come again."""

    bodies: dict[tuple[str, int], bytes]  # record and revision: Avro body
    rows: list[Shown]  # the last ones up to the trigger; of a window, the last ones in it
    count: int  # rows of the instrument up to the trigger, or in the window
    trigger: tuple[int, int] | None  # source and offset


class Trail:
    """A watcher of the engine that waits for one signal."""

    def __init__(self, wanted: SignalId, instruments: Instruments, keep: int, window_ns: int) -> None:
        self._wanted = wanted
        self._instruments = instruments
        self._index = wanted.find(instruments)
        self._keep = keep
        self._window_ns = window_ns
        self._recent: deque[Shown] = deque(maxlen=max(keep, 1))
        self.found = Recomputed({}, [], 0, None)

    @property
    def done(self) -> bool:
        """A live signal comes once; a window may be revised until the input ends."""
        return self._wanted.kind is Kind.LIVE and bool(self.found.bodies)

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        """Look at one step."""
        del engine
        if self.done:
            return
        hits = self._hits(outputs)
        for schema, _, body, source, offset in payloads(hits, self._instruments):
            self.found.bodies[schema, codec.decode(schema, body)["revision"]] = body
            self.found.trigger = self.found.trigger or (source, offset)
        self._rows(events, outputs)

    def _hits(self, outputs: Outputs) -> Outputs:
        signals, windows = outputs.signals, outputs.windows
        mine = (signals["instrument"] == self._index) & (signals["kind"] == self._wanted.kind)
        mine &= signals["ordinal"] == self._wanted.ordinal
        own = (windows["instrument"] == self._index) & (windows["start_ns"] == self._wanted.ordinal)
        if self._wanted.kind is Kind.LIVE:
            own &= False
        return outputs._replace(
            signals=signals[mine],
            components=outputs.components[mine],
            windows=windows[own],
            measures=outputs.measures[own],
        )

    def _rows(self, events: Events, outputs: Outputs) -> None:
        mine = events.instrument == self._index
        if self._wanted.kind is Kind.FINAL:
            start = self._wanted.ordinal
            mine &= (events.event_ns >= start) & (events.event_ns < start + self._window_ns)
        elif self.found.trigger is not None:
            here = (events.source == self.found.trigger[0]) & (events.offset == self.found.trigger[1])
            mine[np.flatnonzero(here)[-1] + 1 :] = False
        places = np.flatnonzero(mine)
        self.found.count += len(places)
        last = places[-self._keep :] if self._keep else places[:0]
        columns = [getattr(events, name)[last].tolist() for name in _COLUMNS]
        columns += [outputs.outcome[last].tolist(), outputs.cause[last].tolist()]
        self._recent.extend(Shown(*values) for values in zip(*columns, strict=True))
        self.found.rows = list(self._recent) if self._keep else []
