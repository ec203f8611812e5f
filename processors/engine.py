"""The one door to the kernels: `step`, `dump`, `load`.

The engine has no I/O, no clock and no randomness. Cut the input anywhere, with or without `dump` and
`load` at the cut, and the output bytes are the same. What it does not guarantee: the bytes of `dump`
depend on history (free lists), only what follows from them does not.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import kernel, storage
from equipoise.processors.columns import COMPONENT_DTYPE, N_COMPONENTS, SIGNAL_DTYPE, WINDOW_DTYPE, Events, Outputs
from equipoise.processors.instruments import Instruments
from equipoise.processors.publish import Output
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import new_state, records


class Best(NamedTuple):
    """Best quotes after an instrument's last finished event group; NULL prices where a side is empty."""

    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Engine:
    """All state of one partition: books, measures, windows, policy."""

    def __init__(self, instruments: Instruments, settings: EngineSettings | None = None, sources: int = 1) -> None:
        self._instruments = instruments
        self._settings = settings or EngineSettings()
        self._state = new_state(max(len(instruments), 1), sources, self._settings)
        self._listed = 0
        self._scratch = kernel.new_scratch(N_COMPONENTS)
        self._signals = records(1024, SIGNAL_DTYPE)
        self._components = records((1024, N_COMPONENTS), COMPONENT_DTYPE)
        self._windows = records(1024, WINDOW_DTYPE)
        self._trace = np.zeros((0, 4), np.int64)
        self._list_new()

    def step(self, events: Events) -> Outputs:
        """Apply rows in order; `events.source` names the topic of each row within this partition.

        Raises:
            IndexError: if a row names an instrument or a source that does not exist.
        """
        self._list_new()
        n = len(events.instrument)
        self._check_indices(events)
        outcome, cause = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
        best = np.zeros((n if self._settings.trace_book else 0, 4), np.int64)
        verdicts = kernel.Verdicts(outcome, cause, best)
        partition = self._state.partition
        partition["signals"] = partition["windows"] = 0
        row = 0
        while True:
            out = Output(self._signals, self._components, self._windows)
            row, want, amount = kernel.run(self._state, events, out, verdicts, self._scratch, row)
            if want == kernel.DONE:
                break
            self._give(want, amount)
        self._trace = best
        s, w = int(partition["signals"][0]), int(partition["windows"][0])
        return Outputs(
            self._signals[:s].view(np.ndarray).copy(),
            self._components[:s].view(np.ndarray).copy(),
            self._windows[:w].view(np.ndarray).copy(),
            outcome,
            cause,
        )

    def dump(self) -> dict[str, bytes]:
        """State rows: one per instrument that was seen (its key), and one for the partition (key '')."""
        return storage.dump(self._state, self._instruments, self._settings)

    def load(self, rows: dict[str, bytes]) -> None:
        """Replace all state by dumped rows.

        Raises:
            storage.StateError: a row is damaged, of another version, or of other settings.
        """
        sources = len(self._state.sources)
        self._state = new_state(max(len(self._instruments), 1), sources, self._settings)
        self._listed = 0
        self._list_new()
        self._state = storage.load(self._state, self._instruments, self._settings, rows)

    def best(self, index: int) -> Best:
        """Best quotes of the instrument with this index."""
        row = self._state.instruments[index]
        return Best(int(row.bid), int(row.bid_quantity), int(row.ask), int(row.ask_quantity))

    @property
    def trace(self) -> NDArray[np.int64]:
        """With `trace_book`: bid, quantity, ask, quantity after each row of the last step, shape (n, 4)."""
        return self._trace

    def watermark_ns(self) -> int:
        """The partition's watermark, NULL before the first record."""
        return int(self._state.partition["watermark_ns"][0])

    def _list_new(self) -> None:
        """Make room for instruments that were listed since the last step."""
        n = len(self._instruments)
        if n > len(self._state.instruments):
            self._state = storage.widen(self._state, max(n, 2 * len(self._state.instruments)), self._settings)
        for i in range(self._listed, n):
            self._state.instruments["book_source"][i] = self._instruments[i].book_source
            self._state.session_ns[i] = self._instruments[i].session_ns
        self._listed = n

    def _check_indices(self, events: Events) -> None:
        if len(events.instrument) == 0:
            return
        top = int(events.instrument.max())
        if top >= len(self._instruments):
            raise IndexError(f"instrument: {top}, must be < {len(self._instruments)}")
        low, high = int(events.source.min()), int(events.source.max())
        if low < 0 or high >= len(self._state.sources):
            raise IndexError(f"source: {low if low < 0 else high}, must be in [0, {len(self._state.sources)})")

    def _give(self, want: int, amount: int) -> None:
        if want == kernel.WANT_OUTPUT:
            extra = max(len(self._signals), amount + 2 * self._settings.slots)
            self._signals = storage.grown(self._signals, len(self._signals) + extra)
            self._components = storage.grown(self._components, len(self._components) + extra)
            self._windows = storage.grown(self._windows, len(self._windows) + extra)
        elif want == kernel.WANT_ORDERS:
            self._state = storage.grow_orders(self._state)
        else:
            self._state = storage.repack_levels(self._state)
