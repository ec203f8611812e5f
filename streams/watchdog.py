"""Says what is stuck: a worker that does nothing looks like one that has nothing to do.

Whoever waits for something tells since when (`Wait`). Once that is longer than `delivery.stall_s`, the log names the
stage, the partition, and how long ago each stage last got on; the metrics name it too. Nothing is ended: what waits
either goes on, or runs into a limit of its own.

A loop that does not turn cannot say so itself. A thread looks whether it does, and logs where it stands.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from equipoise.streams.telemetry import Telemetry

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
STAGES: Final = ("fetch", "step", "producer", "checkpoint", "registry", "state")


class Wait(NamedTuple):
    """Somebody waits: at which stage, since when by the monotonic clock, and for what."""

    stage: str
    since_s: float
    what: str


class Watchdog:
    """Looks at all waits of a worker once a second."""

    def __init__(self, waits: Callable[[], Iterable[Wait]], telemetry: Telemetry, limit_s: float) -> None:
        self._waits = waits
        self._telemetry = telemetry
        self._limit_s = limit_s
        self._said: dict[tuple[str, str], float] = {}
        self._loop_thread = threading.get_ident()
        self._ended = threading.Event()
        self.stalled: dict[str, int] = dict.fromkeys(STAGES, 0)  # how many waits of each stage are too long now

    async def run(self) -> None:
        """Until cancelled."""
        thread = threading.Thread(target=self._watch_loop, name="equipoise-watchdog", daemon=True)
        self._telemetry.turned_s = time.monotonic()
        thread.start()
        try:
            while True:
                self._telemetry.turned_s = now_s = time.monotonic()
                self.look(now_s)
                await asyncio.sleep(LOOK_S)
        finally:
            self._ended.set()

    def look(self, now_s: float) -> list[Wait]:
        """The waits that are too long; each is logged, and again after as long as that."""
        waits = list(self._waits())
        long = [wait for wait in waits if now_s - wait.since_s > self._limit_s]
        self.stalled = {stage: sum(wait.stage == stage for wait in long) for stage in STAGES}
        said, self._said = self._said, {}
        for stage, since_s, what in long:
            last_s = said.get((stage, what), now_s - self._limit_s)
            self._said[stage, what] = last_s
            if now_s - last_s >= self._limit_s:
                self._said[stage, what] = now_s
                rest = [f"{w.stage} for {now_s - w.since_s:.0f} s" for w in waits if (w.stage, w.what) != (stage, what)]
                others = f"; others wait, too: {', '.join(rest)}" if rest else ""
                log.warning("stalled for %.0f s at %s: %s%s", now_s - since_s, stage, what, others)
        return long

    def _watch_loop(self) -> None:
        """In a thread: whether the loop turns."""
        while not self._ended.wait(LOOK_S):
            still_s = time.monotonic() - self._telemetry.turned_s
            if still_s > self._limit_s:
                log.warning("the loop has stood still for %.0f s:\n%s", still_s, self._where())
                self._ended.wait(self._limit_s)

    def _where(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)
        return "".join(traceback.format_stack(frame)[-6:]) if frame else "the loop's thread has ended"
