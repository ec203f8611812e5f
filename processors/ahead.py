"""Ask for what the rows that follow will need of their instruments' state.

With thousands of instruments each row finds its instrument's forty lines of memory outside the cache. Their addresses
are known some rows before, so that they can come all at once, while other rows are worked on.
"""

from typing import Any, Final

import numpy as np

from equipoise.processors.columns import Events
from equipoise.processors.jit import inner
from equipoise.processors.prefetch import line
from equipoise.processors.state import INSTRUMENT_DTYPE, LEVEL_DTYPE, POLICY_DTYPE, SLOT_DTYPE, State


def _begin(dtype: np.dtype[Any], name: str) -> int:
    """First byte of a field."""
    return dict(dtype.fields or {})[name][1]


LEAST_INSTRUMENTS = 64  # fewer lie in the cache anyway
NEAR, CLOSE = 4, 2  # rows ahead
_LINE = 64  # bytes
_HEAD: Final = _begin(INSTRUMENT_DTYPE, "profile_buys")  # what lies before the profile is read at each row
_SLOT = SLOT_DTYPE.itemsize
_SLOT_HEAD: Final = _begin(SLOT_DTYPE, "low")
_POLICY = POLICY_DTYPE.itemsize
_LEVEL = LEVEL_DTYPE.itemsize
_LEVELS = 10 * _LEVEL  # ten levels a side are added up


@inner
def look(state: State, events: Events, r: int) -> None:
    """Before row `r` is applied."""
    n = len(events.instrument)
    if len(state.instruments) < LEAST_INSTRUMENTS or r + CLOSE >= n:
        return
    if r + NEAR < n:
        i = events.instrument[r + NEAR]
        if i >= 0:
            window(state, i, (events.event_ns[r + NEAR] // state.settings[0].window_ns) % state.slots.shape[1])
            for byte in range(0, _POLICY, _LINE):
                line(state.policy, i, byte)
            line(state.sides, 2 * i, 0)
            for byte in range(0, state.panel.states.shape[1], _LINE):
                line(state.panel.states, i, byte)
    i = events.instrument[r + CLOSE]
    if i >= 0:
        for side in range(2 * i, 2 * i + 2):
            run = state.sides[side]
            best = run.start + max(run.length, 1) - 1
            for back in range(0, _LEVELS, _LINE):
                line(state.levels, best, _LEVEL - 1 - back)


@inner
def window(state: State, i: int, k: int) -> None:
    """An instrument's row, and what is read of its window in place `k`."""
    for byte in range(0, _HEAD, _LINE):
        line(state.instruments, i, byte)
    for byte in range(0, _SLOT_HEAD, _LINE):
        line(state.slots, i, k * _SLOT + byte)
