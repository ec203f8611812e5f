"""The demo from its first line to its exit status."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console
from rich.live import Live

from equipoise.streams.demo.options import DemoError, Options
from equipoise.streams.demo.session import Session
from equipoise.streams.demo.terminal import line, screen

SCREEN_S: Final = 0.25
LINE_S: Final = 1.0
PIPE_WIDTH: Final = 160  # a pipe has no width of its own, and a log is not to be folded at 80


async def run(options: Options, plain: bool = False, keep: bool = False) -> int:
    """Run until the time is over, the recording ends or somebody interrupts; the exit status."""
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    session = Session(options)
    logging.basicConfig(filename=session.folder / "demo.log", level=logging.INFO)  # nothing may write over the screen
    asked = _interrupts()
    failed = True
    try:
        async with _shown(session, console, plain or not console.is_terminal):
            await _race(session.set_up(), asked)
            if not asked.is_set():
                await _watch(session, options, asked)
        if not session.collector or not session.collector.signals:
            console.print("Stopped before the first signal.")
            return 1
        if not options.seconds and asked.is_set():
            console.print("Stopping: the worker finishes what was sent …")
        summary = await session.wind_down()
        summary.print(console)
        for problem in summary.problems:
            print(f"Failed: {problem}", file=sys.stderr)
        failed = bool(summary.problems)
        return 1 if failed else 0
    except DemoError as error:
        print(f"Failed: {error}\nThe logs are in {session.folder}", file=sys.stderr)
        return 1
    finally:
        await session.close(failed or keep)


def _interrupts() -> asyncio.Event:
    """Set by Ctrl-C, SIGTERM and the end of the terminal; the second Ctrl-C is Python's own."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if asked.is_set():
            loop.remove_signal_handler(signal.SIGINT)
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask)
    return asked


async def _race(work: Coroutine[None, None, None], asked: asyncio.Event) -> None:
    """Await `work`, unless somebody interrupts first."""
    job = asyncio.create_task(work)
    stop = asyncio.create_task(asked.wait())
    await asyncio.wait({job, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not job.done():
        job.cancel()
        return
    job.result()


async def _watch(session: Session, options: Options, asked: asyncio.Event) -> None:
    end = time.monotonic() + options.seconds if options.seconds else float("inf")
    while not asked.is_set() and time.monotonic() < end and not session.over:
        session.check()
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _shown(session: Session, console: Console, plain: bool) -> AsyncIterator[None]:
    """Show the session while it runs."""
    job = asyncio.create_task(_lines(session, console) if plain else _screen(session, console))
    try:
        yield
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def _screen(session: Session, console: Console) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            size = console.size
            live.update(screen(session.view(), session.steps, session.url, size.width, size.height), refresh=True)
            await asyncio.sleep(SCREEN_S)


async def _lines(session: Session, console: Console) -> None:
    told: set[str] = set()
    began = time.monotonic()
    while True:
        if session.url and "url" not in told:
            told.add("url")
            console.print(f"The same on a page: {session.url}", highlight=False)
        for step in session.steps:
            if step["state"] == "done" and step["what"] not in told:
                told.add(step["what"])
                console.print(f"{step['what']}: done in {step['note']}", highlight=False)
        if session.collector and session.steps[-1]["state"] == "done":
            console.print(f"{time.monotonic() - began:5.1f} s  {line(session.view())}", highlight=False, soft_wrap=True)
        await asyncio.sleep(LINE_S if session.steps[-1]["state"] == "done" else SCREEN_S)
