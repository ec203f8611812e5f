"""Compile (or load from the cache) every kernel before it is needed.

    python -m equipoise.streams.kernels

numba compiles on first use and keeps the result in a folder named by a digest of the sources
(`equipoise.processors.jit`). Engine, decoder and simulator are compiled side by side.
"""

import subprocess
import sys
import time
from decimal import Decimal
from typing import Final

import numpy as np

from equipoise.processors.batch.records import batches_room, read_batches, read_records
from equipoise.processors.columns import (
    COMPONENT_DTYPE,
    MEASURE_DTYPE,
    NULL,
    SIGNAL_DTYPE,
    WINDOW_DTYPE,
    Outputs,
    empty_events,
)
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.processors.jit import cache_folder
from equipoise.processors.produce import entries, hand_over, serve
from equipoise.schemas.enums import Action, Flag
from equipoise.streams.frames import Frame
from equipoise.streams.heartbeat import Heartbeats
from equipoise.streams.outgoing import WRITTEN, Outgoing
from equipoise.streams.producer import report
from equipoise.streams.records import Decoded, RawRecord, batch_of
from equipoise.streams.settings import Delivery, Settings, Topics
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.task import Task


def warm_up(settings: Settings | None = None) -> float:
    """Make ready what a worker with these settings needs; returns the seconds that it took.

    Otherwise the first record of a stream would wait for the compiler, and with it the group's heartbeats. numba
    compiles one function at a time, so where nothing is compiled yet the decoder is, in a process beside this one.
    """
    began = time.monotonic()
    beside = None if cached() else _begin("decoder")
    warm_up_engine(settings)
    if beside is not None:
        beside.wait()  # if it failed, the next line does, and says why
    warm_up_decoder()
    return time.monotonic() - began


def cached() -> bool:
    """Whether kernels have been compiled before, so that `warm_up` takes a second instead of a minute."""
    return any(cache_folder().rglob("*.nbc"))


def warm_up_engine(settings: Settings | None = None) -> float:
    """Run three rows through a throw-away task with the measures of the settings; returns the seconds that it took."""
    began = time.monotonic()
    instruments = Instruments()
    instruments.add(Instrument("WARM", "UP", Decimal(1), Decimal(1)))
    topics = ["first", "second"]
    task = Task(topics, Engine(instruments, engine_settings(settings or Settings()), len(topics)))
    for topic, after_ns in (("first", 0), ("first", 2), ("second", 1)):  # a merge, too, has something to do
        events = empty_events(1)
        events.action[:], events.flags[:] = Action.NOTHING, Flag.LAST
        events.event_ns[:] = 1_700_000_000_000_000_000 + after_ns
        events.arrival_ns[:] = NULL
        task.feed_rows(topic, Decoded(events, [0]), [0])
    step = task.flush()
    if step.outputs is not None:
        _write_one_each(step.outputs, instruments)
    task.load(task.dump())
    return time.monotonic() - began


def _write_one_each(outputs: Outputs, instruments: Instruments) -> None:
    """A signal, a window and a heartbeat of nothing, since three rows cause none."""
    components, measures = (len(names) for names in outputs.names)
    outputs = outputs._replace(
        signals=np.zeros(1, SIGNAL_DTYPE),
        components=np.zeros((1, components), COMPONENT_DTYPE),
        windows=np.zeros(1, WINDOW_DTYPE),
        measures=np.zeros((1, measures), MEASURE_DTYPE),
    )
    outputs.signals["emits"] = 3
    outgoing = Outgoing(Topics(), instruments, {schema: Frame(b"", []) for schema in WRITTEN})
    for block in outgoing.blocks(outputs, ["", ""], 0, []):
        no_words, no_bytes = np.zeros(4, np.int64), np.zeros(0, np.uint8)
        hand_over(no_words, no_words, block.records[:0], block.headers, no_words, entries(0), no_bytes)
    serve(0, 0, np.ones(1, np.int64))
    report()
    beats = Heartbeats(Delivery(), instruments)
    beats.published(outputs, 0)
    list(beats.due(2**62))


def warm_up_decoder() -> float:
    """Read a fetch of nothing, and decode a batch of one record; returns the seconds that it took."""
    from equipoise.streams.sources.canonical import CanonicalDecoder

    began = time.monotonic()
    nothing = np.zeros(0, np.uint8)
    read_records(nothing, read_batches(nothing, 0, 0, batches_room(1)).batches)
    CanonicalDecoder(Instruments()).decode_batch(batch_of([RawRecord("", 0, 0, None, b"")]))
    return time.monotonic() - began


def warm_up_simulator() -> float:
    """Run the simulator for a moment of its time; returns the seconds that it took."""
    from equipoise.streams.simulator.simulator import Simulator

    began = time.monotonic()
    for _ in Simulator().chunks(0.1):
        pass
    return time.monotonic() - began


PARTS: Final = {"engine": warm_up_engine, "decoder": warm_up_decoder, "simulator": warm_up_simulator}


def compile_all() -> float:
    """Compile what is not compiled yet, each part in a process of its own; returns the seconds that it took.

    Raises:
        RuntimeError: a kernel does not compile; its traceback has been printed.
    """
    began = time.monotonic()
    running = [_begin(part) for part in PARTS]
    if failed := [part for part, process in zip(PARTS, running, strict=True) if process.wait()]:
        raise RuntimeError(f"kernels of the {' and the '.join(failed)} did not compile")
    return time.monotonic() - began


def _begin(part: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "equipoise.streams.kernels", part])  # noqa: S603 - our own module


if __name__ == "__main__":
    if sys.argv[1:]:
        PARTS[sys.argv[1]]()
    else:
        print(f"kernels are compiled ({compile_all():.0f} s)")
