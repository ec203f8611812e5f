"""Compile (or load from the cache) every kernel before a partition is taken up."""

import time
from decimal import Decimal

from equipoise.processors.columns import NULL, empty_events
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, Flag


def warm_up() -> float:
    """Run one row through a throw-away engine; returns the seconds that it took.

    Otherwise the first record of a stream would wait for the compiler, and with it the group's heartbeats.
    """
    began = time.monotonic()
    instruments = Instruments()
    instruments.add(Instrument("WARM", "UP", Decimal(1), Decimal(1)))
    engine = Engine(instruments, None, 1)
    events = empty_events(1)
    events.action[:], events.flags[:], events.event_ns[:] = Action.NOTHING, Flag.LAST, 1_700_000_000_000_000_000
    events.arrival_ns[:] = NULL
    engine.step(events)
    engine.load(engine.dump())
    return time.monotonic() - began
