"""The one door to the kernels: `step`, `dump`, `load`.

The engine has no I/O, no clock and no randomness. Cut the input anywhere, with or without `dump` and
`load` at the cut, and the output bytes are the same. What it does not guarantee: the bytes of `dump`
depend on history (free lists), only what follows from them does not.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import arenas, kernel, storage
from equipoise.processors.columns import (
    COMPONENT_DTYPE,
    MEASURE_DTYPE,
    NULL,
    SIGNAL_DTYPE,
    WINDOW_DTYPE,
    Events,
    Names,
    Outputs,
)
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import given
from equipoise.processors.locals import Indices, Locals
from equipoise.processors.publish import Output
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import State, new_state
from equipoise.processors.storage import Snapshot

_FIRST_ROOM: Final = 16  # instruments
_FIRST_OUTPUT: Final = 1024  # signals and windows


class Best(NamedTuple):
    """Best quotes after an instrument's last finished event group; NULL prices where a side is empty."""

    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Engine:
    """All state of one partition: books, measures, windows, policy, for the instruments that came to it."""

    def __init__(self, instruments: Instruments, settings: EngineSettings | None = None, sources: int = 1) -> None:
        self._instruments = instruments
        self._settings = settings or EngineSettings()
        self._locals = Locals()
        panel = self._settings.panel
        self._names = Names((*Names().components, *map(str.upper, panel.component_names)), panel.outputs)
        self._scratch = kernel.new_scratch(len(self._names.components))
        self._room = given(_new_output(_FIRST_OUTPUT, self._names))
        self._nothing = _new_output(0, self._names)
        self._trace = np.zeros((0, 4), np.int64)
        self._begin(sources)

    def step(self, events: Events) -> Outputs:
        """Apply rows in order; `events.source` names the topic of each row within this partition.

        Raises:
            IndexError: if a row names an instrument or a source that does not exist.
        """
        n = len(events.instrument)
        self._check_indices(events)
        events = events._replace(instrument=self._localised(events.instrument))
        outcome, cause = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
        best = np.zeros((n if self._settings.trace_book else 0, 4), np.int64)
        verdicts = kernel.Verdicts(outcome, cause, best)
        for count in self._filled:
            count[0] = 0
        row = 0
        while True:
            row, want, amount = kernel.run(self._given, events, self._room, verdicts, self._scratch, row)
            if want == kernel.DONE:
                break
            self._give(want, amount)
        self._trace = best
        signals, components, windows, measures = self._published()
        return Outputs(signals, components, windows, measures, outcome, cause, self._names)

    def snapshot(self, since: int = 0) -> Snapshot:
        """Rows of the instruments that changed after the mark `since` (0: all), and of the partition."""
        return storage.snapshot(self._state, self._keys, self._settings, since)

    def dump(self) -> dict[str, bytes]:
        """State rows: one per instrument that was seen (its key), and one for the partition (key '')."""
        taken = self.snapshot()
        return {"": taken.partition, **dict(taken.rows())}

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Replace all state by dumped rows; those of instruments that are not in the table are left out.

        Raises:
            storage.StateError: a row is damaged, of a later version, or of other settings.
        """
        self._begin(len(self._state.sources))
        found = [index for key in rows if key and (index := self._instruments.index(key)) >= 0]
        indices = np.array(found, np.int32)
        self._locals.find(indices, len(self._instruments))
        self._seat(indices)
        self._state = storage.load(self._state, self._keys, self._settings, rows)

    def counters(self) -> dict[str, int]:
        """What memory is used for, by name, and how much there is room for where that is bounded."""
        partition, state = self._state.partition.view(np.ndarray)[0], self._state
        return {
            "instruments": len(self._locals),
            "orders": int(partition["order_count"]),
            "orders_most": self._settings.limits.orders,
            "levels": int(state.sides["length"].sum()),
            "longest_side": int(state.sides["length"].max()),
            "longest_side_most": self._settings.limits.levels_per_side,
            "windows": int(state.member_count.sum()),  # open
            "bytes": sum(array.nbytes for array in state if isinstance(array, np.ndarray)),
        }

    def best(self, index: int) -> Best:
        """Best quotes of the instrument with this index."""
        row = self._locals.row(index)
        if row < 0:
            return Best(NULL, 0, NULL, 0)
        seen = self._state.instruments[row]
        return Best(int(seen.bid), int(seen.bid_quantity), int(seen.ask), int(seen.ask_quantity))

    @property
    def trace(self) -> NDArray[np.int64]:
        """With `trace_book`: bid, quantity, ask, quantity after each row of the last step, shape (n, 4)."""
        return self._trace

    def watermark_ns(self) -> int:
        """The partition's watermark, NULL before the first record."""
        return int(self._state.partition["watermark_ns"][0])

    @property
    def _state(self) -> State:
        return self._held

    @_state.setter
    def _state(self, state: State) -> None:
        self._held = state
        self._given = given(state)  # once, and not at every step

    def _begin(self, sources: int) -> None:
        """Forget everything."""
        self._locals = Locals()
        self._keys: list[str] = []
        self._state = new_state(_FIRST_ROOM, sources, self._settings)
        counts = self._state.partition.view(np.ndarray)  # Python reads recarrays at ten times the cost
        self._filled = counts["signals"], counts["windows"]

    def _localised(self, indices: Indices) -> Indices:
        rows = self._locals.find(indices, len(self._instruments))
        if len(rows) and int(rows.min()) < 0 and int(indices.max()) >= 0:
            self._seat(indices)
            rows = self._locals.find(indices, len(self._instruments))
        return rows

    def _seat(self, indices: Indices) -> None:
        """Give rows of the state to the instruments that have none."""
        first, new = len(self._locals), self._locals.add(indices)
        room = len(self._state.instruments)
        if len(self._locals) > room:
            self._state = arenas.widen(self._state, max(len(self._locals), 2 * room), self._settings)
        listed = [self._instruments[index] for index in new.tolist()]
        rows = slice(first, len(self._locals))
        self._keys += [instrument.key for instrument in listed]
        self._state.instruments["book_source"][rows] = [instrument.book_source for instrument in listed]
        self._state.session_ns[rows] = [instrument.session_ns for instrument in listed]

    def _published(self) -> list[NDArray[np.void]]:
        """Copies of what the last step filled, that name instruments by the table's indices."""
        signals, windows = (int(count[0]) for count in self._filled)
        own = [
            rows[:count].copy() if count else nothing  # a copy of no such rows costs 17 us
            for rows, nothing, count in zip(
                self._room, self._nothing, (signals, signals, windows, windows), strict=True
            )
        ]
        for rows in (own[0], own[2]):
            if len(rows):
                rows["instrument"] = self._locals.indices[rows["instrument"]]
        return own

    def _check_indices(self, events: Events) -> None:
        if len(events.instrument) == 0:
            return
        least, top = int(events.instrument.min()), int(events.instrument.max())
        if least < -1 or top >= len(self._instruments):
            raise IndexError(f"instrument: {least if least < -1 else top}, must be in [-1, {len(self._instruments)})")
        low, high = int(events.source.min()), int(events.source.max())
        if low < 0 or high >= len(self._state.sources):
            raise IndexError(f"source: {low if low < 0 else high}, must be in [0, {len(self._state.sources)})")

    def _give(self, want: int, amount: int) -> None:
        if want == kernel.WANT_OUTPUT:
            extra = max(len(self._room.signals), amount + 2 * self._settings.slots)
            self._room = given(Output._make(arenas.grown(rows, len(rows) + extra) for rows in self._room))
        elif want == kernel.WANT_ORDERS:
            self._state = arenas.grow_orders(self._state)
        else:
            self._state = arenas.repack_levels(self._state)


def _new_output(n: int, names: Names) -> Output:
    """Room for `n` signals and windows."""
    return Output(
        np.zeros(n, SIGNAL_DTYPE),
        np.zeros((n, len(names.components)), COMPONENT_DTYPE),
        np.zeros(n, WINDOW_DTYPE),
        np.zeros((n, len(names.measures)), MEASURE_DTYPE),
    )
