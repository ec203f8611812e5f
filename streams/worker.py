"""Running a worker in the foreground: signals, a grace period, one sentence when it fails."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Final

from equipoise.streams.app import Stream, install, make_app
from equipoise.streams.kernels import warm_up
from equipoise.streams.pulse import beat
from equipoise.streams.settings import Settings

log = logging.getLogger(__name__)

LOOK_S: Final = 0.2


async def run(settings: Settings, ready: Callable[[Stream], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT, then drain: seal, commit, leave, within `delivery.grace_s`.

    Args:
        settings: all of them.
        ready: called once, when the agents are started.

    Raises:
        Exception: whatever stopped the stream.
    """
    loop = asyncio.get_running_loop()
    pulse = loop.create_task(beat(settings.delivery.pulse_file)) if settings.delivery.pulse_file else None
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    log.info("kernels are ready after %.1f s", await asyncio.to_thread(warm_up))
    app = make_app(settings)
    stream = await asyncio.to_thread(install, app, settings)
    await app.start()
    if ready is not None:
        ready(stream)
    try:
        await _until(asked, lambda: bool(app.crashed), stream)
    finally:
        log.info("draining")
        try:
            await asyncio.wait_for(app.stop(), settings.delivery.grace_s)
        except TimeoutError:
            log.warning("not drained within %d s; what is not sealed will be repeated", settings.delivery.grace_s)
        if pulse is not None:
            pulse.cancel()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _until(asked: asyncio.Event, crashed: Callable[[], bool], stream: Stream) -> None:
    while not asked.is_set() and not crashed():
        if stream.runtime is not None and stream.runtime.failed.done():
            stream.runtime.failed.result()
        await asyncio.sleep(LOOK_S)
