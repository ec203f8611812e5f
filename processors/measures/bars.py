"""Bars of event time: the change of the mid, and the volume, from one bar's end to the next one's.

A bar is known once something happens after it. Bars in which nothing happened are not there; the change of
the mid is taken from the end of the last one that was. Where a bar ends without a mid the change is not known.
"""

from typing import Final

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.measures.measure import Array
from equipoise.processors.measures.observation import GROUP, TRADE

MS: Final = 1_000_000
FIELDS: Final = [
    ("started", "i8"),
    ("bar", "i8"),
    ("mid_x2", "i8"),  # after the last group
    ("before_x2", "i8"),  # at the end of the bar before
    ("signed", "i8"),  # lots bought less lots sold by takers
    ("volume", "i8"),  # lots, of unknown side too
]


@inner
def is_over(seen: Array, state: Array, length_ms: int) -> bool:
    """Whether the observation lies past the bar; begins the first one."""
    bar = seen.event_ns // (length_ms * MS)
    if state.started == 0:
        state.started = 1
        state.bar = bar
        state.mid_x2 = NULL
        state.before_x2 = NULL
    return bar > state.bar


@inner
def is_known(state: Array) -> bool:
    """Whether the change of the mid over the bar is known."""
    return state.mid_x2 != NULL and state.before_x2 != NULL


@inner
def begin(seen: Array, state: Array, length_ms: int) -> None:
    """Begin the bar that the observation lies in."""
    state.bar = seen.event_ns // (length_ms * MS)
    state.before_x2 = state.mid_x2
    state.signed = 0
    state.volume = 0


@inner
def take(seen: Array, state: Array) -> None:
    """Take in a trade, or the mid after a group."""
    if seen.kind == TRADE:
        state.volume += seen.quantity
        if seen.side == 1:
            state.signed += seen.quantity
        elif seen.side == 2:
            state.signed -= seen.quantity
    elif seen.kind == GROUP:
        state.mid_x2 = seen.mid_x2 if seen.known == 1 else NULL
