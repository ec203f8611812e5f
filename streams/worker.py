"""Running a worker in the foreground: signals, a grace period, one sentence when it fails."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import faust
from confluent_kafka import KafkaException

from equipoise.streams import metrics
from equipoise.streams.agents import trouble
from equipoise.streams.app import Stream, install, make_app
from equipoise.streams.delivery import FencedError
from equipoise.streams.kernels import cached, warm_up
from equipoise.streams.metrics_server import MetricsServer
from equipoise.streams.pulse import beat
from equipoise.streams.retry import sentence
from equipoise.streams.settings import Settings
from equipoise.streams.topics import Topics, inputs

log = logging.getLogger(__name__)

LOOK_S: Final = 0.2
EXIT_S: Final = 5.0  # past the grace period: what has not ended by then is ended


class StuckError(RuntimeError):
    """Something of this process neither goes on nor ends: another process has to begin."""


async def run(settings: Settings, ready: Callable[[Stream], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT, then drain: seal, commit, leave, within `delivery.grace_s`.

    Where an input is a pattern and new topics match it, the stream drains and begins again with them.

    Args:
        settings: all of them.
        ready: called when the agents are started.

    Raises:
        Exception: whatever stopped the stream.
    """
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    if not cached():  # whoever is in a group and not ready keeps partitions from the others
        log.info("kernels are compiled after %.0f s", await asyncio.to_thread(warm_up, settings))
    shown = _Shown()
    try:
        async with _beside(settings, shown):
            while not asked.is_set():
                try:
                    await _run_once(settings, asked, shown, ready)
                except FencedError as why:  # what became of the last transaction is read at the next start
                    log.warning("beginning again: %s", why)
    except Exception as why:
        _end_within(EXIT_S, sentence(why))  # threads may live on, Faust's and ours: Python waits for them
        raise
    _end_within(EXIT_S, "it was asked to end", 0)


class _Shown:
    """The stream that runs at present, for whoever asks for metrics."""

    stream: Stream | None = None

    def text(self) -> str:
        vitals = self.stream.vitals if self.stream is not None else None
        return metrics.text(vitals) if vitals is not None else ""


@asynccontextmanager
async def _beside(settings: Settings, shown: _Shown) -> AsyncIterator[None]:
    """The metrics and the pulse, while the stream runs."""
    asked, pulse = settings.metrics, settings.delivery.pulse_file
    server = MetricsServer(shown.text, asked.host, asked.port) if asked.port >= 0 else None
    if pulse:
        pulse.touch()
    beating = asyncio.create_task(beat(pulse)) if pulse else None
    try:
        if server is not None:
            await server.start()
        yield
    finally:
        if beating is not None:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        if server is not None:
            await server.stop()


async def _run_once(
    settings: Settings, asked: asyncio.Event, shown: _Shown, ready: Callable[[Stream], None] | None
) -> None:
    """Until asked to end, or until there are other topics to read."""
    installed = await asyncio.to_thread(_install, settings, asked.is_set)
    if installed is None:
        return
    app, stream = installed
    shown.stream = stream
    preparing = asyncio.create_task(stream.start())  # while the group assigns partitions
    starting = asyncio.create_task(app.start())  # it lasts until the first partitions are taken up
    looking = asyncio.create_task(_other_topics(settings, stream))
    again: FencedError | None = None
    try:
        while not (asked.is_set() or looking.done() or app.crashed):
            if preparing.done():
                preparing.result()
            if starting.done():
                starting.result()
                if ready is not None:
                    ready(stream)
                    ready = None
            if stream.runtime is not None and stream.runtime.failed.done():
                stream.runtime.failed.result()
            if why := trouble(app):
                raise StuckError(f"the consumer does not go on by itself: {why}")
            await asyncio.sleep(LOOK_S)
    except FencedError as why:
        again = why
    finally:
        looking.cancel()
        preparing.cancel()
        drained = await _drain(app, settings, asked)
        starting.cancel()
    if not (drained or asked.is_set()):  # its consumer may live on and keep partitions that nobody works on
        raise StuckError(f"not drained within {settings.delivery.grace_s} s: nothing is begun beside it") from again
    if again is not None:
        raise again
    if app.crash_reason is not None:
        raise app.crash_reason


def _install(settings: Settings, cancelled: Callable[[], bool]) -> tuple[faust.App, Stream] | None:
    app = make_app(settings)
    stream = install(app, settings, cancelled)
    return None if stream is None else (app, stream)


async def _drain(app: faust.App, settings: Settings, asked: asyncio.Event) -> bool:
    """Stop the app; False: it has not ended in time.

    Faust's services go on where they are cancelled, and wait for their threads without turning the loop. So the limit
    is a thread's: a worker that hangs is seen by nobody, one that has ended is started again.
    """
    log.info("draining")
    grace_s = settings.delivery.grace_s
    limit = _end_within(grace_s + EXIT_S, "not drained", 0 if asked.is_set() else 1)
    stopping = asyncio.create_task(app.stop())
    done, _ = await asyncio.wait({stopping}, timeout=grace_s)
    if not done:
        log.warning("not drained within %d s; what is not sealed will be repeated", grace_s)
        return False
    limit.cancel()
    stopping.result()
    return True


def _end_within(seconds: float, why: str, status: int = 1) -> threading.Timer:
    """End this process after so long, if it still is there and nobody cancels that."""
    limit = threading.Timer(seconds, _end_at_once, (why, status))
    limit.daemon = True
    limit.start()
    return limit


def _end_at_once(why: str, status: int) -> None:
    log.critical("does not end by itself, ending it where it stands: %s", why)
    faulthandler.dump_traceback(sys.stderr)
    os._exit(status)


async def _other_topics(settings: Settings, stream: Stream) -> None:
    """Return once the patterns match other topics than are read."""
    while True:
        await asyncio.sleep(settings.topics.refresh_s)
        if not any(asked.pattern for asked in settings.topics.orders):
            continue
        try:
            existing = await asyncio.to_thread(Topics(settings).partitions)
            found = {source.topic for source in inputs(settings, existing)}
        except (KafkaException, RuntimeError) as why:
            log.warning("topics were not listed: %s", sentence(why))
            continue
        if found != stream.topics:
            log.info("topics that match: %s new, %s gone", sorted(found - stream.topics), sorted(stream.topics - found))
            return
