"""The panel's arrays: what is called, with what, on which bytes."""

from typing import Any, Final, NamedTuple

import numpy as np

from equipoise.processors.measures.measure import Array, Order
from equipoise.processors.measures.observation import OBSERVATION, RESULT
from equipoise.processors.panel.call import addresses
from equipoise.processors.panel.settings import PanelSettings

CALL: Final = np.dtype(
    [
        ("update", "i8"),  # addresses, 0: none
        ("value", "i8"),
        ("state_at", "i8"),  # first byte in an instrument's row of states
        ("parameters_at", "i8"),
        ("first", "i8"),  # column of its first output
        ("outputs", "i8"),
        ("trades", "u1"),
        ("groups", "u1"),
        ("commutative", "u1"),
        ("any_levels", "u1"),  # the same in each row: whether any measure that is on needs levels
    ],
    align=True,
)
LIVE: Final = np.dtype([("call", "i8"), ("output", "i8")], align=True)

_LINE: Final = 64  # bytes: an instrument's states begin on a line of the cache


class Panel(NamedTuple):
    """Measures that are on (a,), their outputs (o,), components (c,); instruments (i,), windows kept (slots,)."""

    calls: Array  # CALL (a,)
    live: Array  # LIVE (c,)
    states: Array  # u1 (i, bytes)
    parameters: Array  # u1 (bytes,)
    values: Array  # f8 (i, slots, o): of windows that are closed
    reasons: Array  # u1 (i, slots, o)
    seen: Array  # OBSERVATION (1,), workspace
    result: Array  # RESULT (1,), workspace


def new_panel(n: int, slots: int, settings: PanelSettings) -> Panel:
    """The panel of `n` instruments of which nothing has been seen; compiles what is not compiled yet."""
    calls = _records(len(settings.active), CALL)
    parameters: list[bytes] = []
    state_at = parameters_at = first = 0
    for call, each in zip(calls, settings.active, strict=True):
        measure = each.measure
        values = np.zeros(1, measure.parameters_dtype)
        for parameter, value in zip(measure.parameters, each.parameters, strict=True):
            values[parameter.name] = value
        parameters.append(values.tobytes())
        call.update, call.value = addresses(measure)
        call.state_at, call.parameters_at = state_at, parameters_at
        call.first, call.outputs = first, len(measure.outputs)
        call.trades, call.groups = measure.trades, measure.groups
        call.commutative = measure.order is Order.COMMUTATIVE
        state_at += _rounded(measure.state.itemsize, 8)
        parameters_at += len(parameters[-1])
        first += len(measure.outputs)
    calls["any_levels"] = any(each.measure.needs_levels for each in settings.active)
    return Panel(
        calls=calls,
        live=_live(settings),
        states=np.zeros((n, _rounded(state_at, _LINE)), np.uint8),
        parameters=np.frombuffer(b"".join(parameters), np.uint8).copy(),
        values=np.full((n, slots, first), np.nan),
        reasons=np.zeros((n, slots, first), np.uint8),
        seen=_records(1, OBSERVATION),
        result=_records(1, RESULT),
    )


def widened(panel: Panel, fresh: Panel) -> Panel:
    """`fresh`, which has more instruments, with what is in `panel`."""
    for old, new in ((panel.states, fresh.states), (panel.values, fresh.values), (panel.reasons, fresh.reasons)):
        new[: len(old)] = old
    return fresh


def _live(settings: PanelSettings) -> Array:
    live = _records(len(settings.components), LIVE)
    for row, (number, output, _) in zip(live, settings.components, strict=True):
        row.call = number
        row.output = settings.active[number].measure.outputs.index(output)
    return live


def _records(shape: int, dtype: np.dtype[Any]) -> Array:
    return np.zeros(shape, dtype).view(np.recarray)


def _rounded(size: int, to: int) -> int:
    return -(-size // to) * to
