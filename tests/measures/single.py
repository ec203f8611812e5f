"""One measure shown trades and groups by hand, through the engine or by itself."""

import os
from functools import cache
from typing import Any

import numba
import numpy as np

from equipoise.processors.columns import NULL, Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.observation import OBSERVATION, RESULT
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings, MeasureSettings, TimeSettings
from equipoise.schemas.enums import BookSource
from tests.processors.rows import table

SECOND = 1_000_000_000


def outputs_of(measure: Measure, events: Events, window_ms: int = 1000, bucket_ticks: int = 1, **given: Any) -> Outputs:
    """What the engine publishes with this one measure on."""
    settings = EngineSettings(
        panel=PanelSettings((active(measure, **given),)),
        time=TimeSettings(window_ns=window_ms * 1_000_000),
        measures=MeasureSettings(bucket_ticks=bucket_ticks),
    )
    return Engine(table(BookSource.L2), settings).step(events)


def columns_of(measure: Measure, events: Events, **given: Any) -> dict[str, np.ndarray]:
    """Each output by name, one value a window (first revision); `start_ns` beside them."""
    outputs = outputs_of(measure, events, **given)
    first = outputs.windows["revision"] == 0
    found = {output.name: outputs.measures["value"][first, k] for k, output in enumerate(measure.outputs)}
    return found | {"start_ns": outputs.windows["start_ns"][first]}


def trades(event_ns: Any, side: Any, price: Any, quantity: Any) -> Events:
    """Trades of instrument 0, each a group of its own."""
    from equipoise.processors.columns import empty_events
    from equipoise.schemas.enums import Action, Flag

    events = empty_events(len(event_ns))
    events.action[:], events.flags[:] = Action.TRADE, Flag.LAST
    events.event_ns[:], events.side[:] = event_ns, side
    events.price[:], events.quantity[:] = price, quantity
    events.price[np.isnan(np.asarray(price, float))] = NULL
    events.offset[:] = np.arange(len(event_ns))
    return events


def shown(n: int, kind: int, **columns: Any) -> Any:
    """`n` observations of one kind; quantities 0, prices NULL unless given."""
    seen = np.zeros(n, OBSERVATION)
    seen["kind"] = kind
    for name in ("bid", "ask", "mid_x2", "price"):
        seen[name] = NULL
    for name, values in columns.items():
        seen[name] = values
    seen["clock_ns"] = np.maximum.accumulate(seen["event_ns"])
    known = (seen["bid"] != NULL) & (seen["ask"] != NULL)
    seen["mid_x2"] = np.where(known, seen["bid"] + seen["ask"], NULL)
    seen["known"] = known
    return seen


class Alone:
    """A measure by itself: its two functions compiled for Python, on a state that the test may look into."""

    def __init__(self, measure: Measure, **given: Any) -> None:
        self.measure = measure
        self.state = np.zeros(1, measure.state).view(np.recarray)
        self.parameters = np.zeros(1, measure.parameters_dtype).view(np.recarray)
        for parameter, number in zip(measure.parameters, measure.values_of(given), strict=True):
            self.parameters[parameter.name] = number
        self._functions = _callable(measure)

    def show(self, seen: Any) -> np.ndarray:
        """Show observations in order; the outputs after each, shape (n, outputs)."""
        out = np.zeros(len(seen), RESULT).view(np.recarray)
        out["value"] = np.nan
        out["weight"] = 1.0
        show(*self._functions, seen.view(np.recarray), self.state, self.parameters, out)
        return out["value"][:, : len(self.measure.outputs)]


@cache
def _callable(measure: Measure) -> tuple[Any, Any]:
    assert measure.value is not None
    update = nothing if measure.update is None else measure.update
    return njit(update), njit(measure.value)


def nothing(seen: Any, state: Any, parameters: Any) -> None:
    """For measures without a state."""


def _show(update: Any, value: Any, seen: Any, state: Any, parameters: Any, out: Any) -> None:
    for k in range(len(seen)):
        update(seen[k], state[0], parameters[0])
        value(seen[k], state[0], parameters[0], out[k])


# Not cached on disk: numba does not cache a function that gets others as arguments.
show = _show if os.environ.get("NUMBA_DISABLE_JIT") else numba.njit(_show)
