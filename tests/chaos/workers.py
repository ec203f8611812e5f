"""Workers as forked processes of one warm parent."""

import asyncio
import ctypes
import faulthandler
import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chaos import clock

PR_SET_PDEATHSIG = 1
GIVEN_UP = ("DeliveryError", "StuckError")
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.chaos.warm"])


def die_with_parent() -> None:
    """So that a run that is killed leaves nothing behind. Linux only."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(flags: dict[str, Any], log: Path, failpoints: str, disk_bytes: int, time_file: Path) -> None:
    from equipoise.streams.failpoints import arm
    from equipoise.streams.settings import load
    from equipoise.streams.worker import run

    die_with_parent()
    clock.follow(time_file)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(out, number)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if disk_bytes:  # as a full disk: what is written behind that fails
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (disk_bytes, resource.RLIM_INFINITY))
    arm(failpoints)
    signal.signal(signal.SIGUSR1, _tell)
    try:
        asyncio.run(run(load(flags=flags)))
    except BaseException:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        raise  # into the log


def _tell(*_: object) -> None:
    """Where every thread and every task of every loop stands, into the log: for a worker that does nothing."""
    faulthandler.dump_traceback(sys.stderr)
    for task in gc.get_objects():
        if isinstance(task, asyncio.Task) and not task.done():
            print(f"{task.get_name()[:80]}:", *_awaited(task.get_coro()), sep="\n  ", file=sys.stderr, flush=True)


def _awaited(coro: Any) -> Iterator[str]:
    """Each coroutine of a task, from the outermost on, and the line that it awaits something at."""
    while coro is not None and (frame := getattr(coro, "cr_frame", None) or getattr(coro, "ag_frame", None)):
        yield f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}"
        coro = getattr(coro, "cr_await", None) or getattr(coro, "ag_await", None)


class Worker:
    """One worker process."""

    def __init__(
        self, flags: dict[str, Any], log: Path, time_file: Path, failpoints: str = "", disk_bytes: int = 0
    ) -> None:
        self.log = log
        self.failpoints = failpoints
        self.process = FORKS.Process(target=_work, args=(flags, log, failpoints, disk_bytes, time_file), daemon=True)
        self.process.start()
        self.stopped_s: float | None = None
        self.asked = False  # to end
        self.killed = False

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def told(self) -> str:
        """Its log."""
        return self.log.read_text() if self.log.exists() else ""

    @property
    def paused(self) -> bool:
        """Whether SIGSTOP holds it."""
        try:
            return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def send(self, number: signal.Signals) -> None:
        if self.alive and self.process.pid:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.killed = True
        self.send(signal.SIGKILL)

    def ask(self) -> None:
        """To end gracefully."""
        self.asked = True
        self.send(signal.SIGTERM)

    def resume_when_due(self, hold_s: float) -> None:
        """Let a stopped worker go on once it has been stopped for so long."""
        if not self.paused:
            self.stopped_s = None
        elif self.stopped_s is None:
            self.stopped_s = time.monotonic()
        elif time.monotonic() - self.stopped_s > hold_s:
            self.send(signal.SIGCONT)
            self.stopped_s = None

    def problem(self) -> str:
        """Why an ended worker should not have ended so; empty: as expected."""
        code = self.process.exitcode
        expected = {0} if self.asked else set()
        if self.killed or "kill" in self.failpoints:
            expected.add(-signal.SIGKILL)
        if self.asked:
            expected.add(-signal.SIGTERM)  # before it had begun to listen
        if any(name in self.told[-1000:] for name in GIVEN_UP):
            expected.add(1)  # as documented: it cannot go on, and somebody starts it again
        return "" if code in expected else f"worker ended with {code}; its log: {self.log}"
