"""Compile (or load from the cache) every kernel before it is needed.

    python -m equipoise.streams.kernels

numba compiles on first use and keeps the result in a folder named by a digest of the sources
(`equipoise.processors.jit`). The engine and the simulator are compiled side by side.
"""

import subprocess
import sys
import time
from decimal import Decimal
from typing import Final

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


def warm_up_simulator() -> float:
    """Run the simulator for a moment of its time; returns the seconds that it took."""
    from equipoise.streams.simulator.simulator import Simulator

    began = time.monotonic()
    for _ in Simulator().chunks(0.1):
        pass
    return time.monotonic() - began


PARTS: Final = {"engine": warm_up, "simulator": warm_up_simulator}


def compile_all() -> float:
    """Compile what is not compiled yet, each part in a process of its own; returns the seconds that it took.

    Raises:
        RuntimeError: a kernel does not compile; its traceback has been printed.
    """
    began = time.monotonic()
    command = [sys.executable, "-m", "equipoise.streams.kernels"]
    running = [subprocess.Popen([*command, part]) for part in PARTS]  # noqa: S603 - our own module
    if failed := [part for part, process in zip(PARTS, running, strict=True) if process.wait()]:
        raise RuntimeError(f"kernels of the {' and the '.join(failed)} did not compile")
    return time.monotonic() - began


if __name__ == "__main__":
    if sys.argv[1:]:
        PARTS[sys.argv[1]]()
    else:
        print(f"kernels are compiled ({compile_all():.0f} s)")
