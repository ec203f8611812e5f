"""Sets the demo up, watches over it, and takes it down again in the right order."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from equipoise.streams.broker import BrokerError, EmbeddedBroker, create_topics
from equipoise.streams.child import Child
from equipoise.streams.demo.collector import Collector
from equipoise.streams.demo.names import TRUTH
from equipoise.streams.demo.options import DemoError, Options, worker_config
from equipoise.streams.demo.summary import Summary
from equipoise.streams.settings import Settings, load
from equipoise.streams.topics import Topics
from equipoise.streams.web.server import PageServer
from equipoise.streams.web.view import Board, View

SETUP_S: Final = 300.0  # kernels are compiled the first time; on a busy machine that takes minutes
FIRST_SIGNAL_S: Final = 60.0
STUCK_S: Final = 15.0  # without any record accounted for: a slow machine may take longer, as long as it goes on
SLOW: Final = ": its kernels may still be compiling: run it again, what is compiled is kept"
READY: Final = "continues at"  # the worker says so when it has its partition
LOOK_S: Final = 0.05
HINT_AFTER_S: Final = 4.0
HINTS: Final = {
    2: "compiling its kernels: once, they are kept for the next time",
    3: "compiling the engine's kernels: once, about half a minute, they are kept for the next time",
}

Step = dict[str, str]


class Session:
    """One run. `steps` and `view` may be looked at while it is set up and while it runs."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="equipoise-demo-"))
        self.steps: list[Step] = []
        self.url = ""
        self.collector: Collector | None = None
        self.worker: Child | None = None
        self.feeder: Child | None = None
        self.broker: EmbeddedBroker | None = None
        self._board = Board(options.title, simulated=options.replay is None)
        self._page: PageServer | None = None
        self._ended = False
        self._keep_folder = False
        for what in (
            "Start a Kafka broker (embedded)",
            "Create the topics",
            "Open the recording" if options.replay else "Prepare the market simulator",
            "Start the worker",
            "Wait for the first signal",
        ):
            self.steps.append({"what": what, "state": "todo", "note": ""})

    def view(self, instrument: str = "", since: int = 0) -> View:
        """What is shown now; with the steps while not all of them are done."""
        shown = (
            self.collector.view(instrument, since) if self.collector else self._board.view(instrument, time.time_ns())
        )
        if any(step["state"] != "done" for step in self.steps):
            shown["setup"] = self.steps
        if self._ended:
            shown["ended"] = True
        return shown

    async def set_up(self) -> None:
        """Start everything, in order; returns when the first signal is there. Raises DemoError."""
        await self._serve_page()
        try:
            await self._step(0, self._start_broker())
            settings = self._settings(self.folder / "listing.json")
            self._start_feeder()
            await self._step(1, self._create_topics(settings))
            if self.options.replay:  # the worker has to know the recording's instrument
                await self._step(2, self._until(self._listed, "the recording was not opened", SETUP_S))
                self._start_worker()
            else:
                self._list_simulated()
                self._start_worker()  # its kernels are compiled beside the simulator's
                await self._step(
                    2, self._until(lambda: "ready" in self._feeder_log(), "the simulator did not start", SETUP_S, SLOW)
                )
            await self._step(
                3, self._until(lambda: READY in self._worker_log(), "the worker did not start", SETUP_S, SLOW)
            )
            (self.folder / "go").touch()
            self.collector = Collector(self._bootstrap, settings.topics, self._board)
            self.collector.start()
            await self._step(4, self._until(lambda: self._has_signal(), "no signal came", FIRST_SIGNAL_S))
        except BrokerError as error:
            raise DemoError(str(error)) from error

    async def _serve_page(self) -> None:
        if not self.options.page:
            return
        for port in (self.options.port, 0):
            self._page = PageServer(self.view, port)
            try:
                await self._page.start()
            except OSError:
                continue  # somebody else has the port: take any
            self.url = self._page.url
            return

    async def _step(self, number: int, work: Any) -> None:
        step, began = self.steps[number], time.monotonic()
        step["state"] = "doing"
        hint = asyncio.get_running_loop().call_later(HINT_AFTER_S, step.update, {"note": HINTS.get(number, "")})
        try:
            await work
        except Exception:
            step["state"] = "failed"
            raise
        finally:
            hint.cancel()
        step["state"], step["note"] = "done", f"{time.monotonic() - began:.1f} s"

    async def _start_broker(self) -> None:
        # Not in a thread: a child lives no longer than the thread that started it.
        self.broker = EmbeddedBroker(self.folder / "broker")
        self.broker.start()

    @property
    def _bootstrap(self) -> str:
        assert self.broker is not None
        return self.broker.bootstrap

    def _settings(self, listing: Path) -> Settings:
        config = self.folder / "equipoise.toml"
        config.write_text(worker_config(self._bootstrap, listing, mempool=self.options.replay is None))
        return load(config)

    async def _create_topics(self, settings: Settings) -> None:
        await asyncio.to_thread(create_topics, self._bootstrap, {TRUTH: 1})
        results = await asyncio.to_thread(Topics(settings).create)
        wrong = {name: result for name, result in results.items() if result not in ("created", "exists")}
        if wrong:
            raise DemoError(f"topics could not be created: {wrong}")

    def _start_feeder(self) -> None:
        asked, command = self.options, [sys.executable, "-m", "equipoise.streams.demo.feeder"]
        command += ["--bootstrap", self._bootstrap, "--folder", str(self.folder)]
        if asked.replay:
            command += ["--replay", str(asked.replay.resolve()), "--preset", asked.preset]
            command += ["--instrument", asked.instrument]
        else:
            command += ["--seed", str(asked.seed), "--rate", str(asked.rate)]
            command += ["--first-burst-ms", str(round(asked.first_burst_s * 1000))]
        self.feeder = Child("feeder", command, self.folder / "feeder.log", cwd=self.folder)
        self.feeder.start()

    def _list_simulated(self) -> None:
        from equipoise.streams.demo.feeder import write_listing
        from equipoise.streams.simulator import default_markets

        write_listing(self.folder, [market.instrument for market in default_markets()])

    def _start_worker(self) -> None:
        command = [
            sys.executable,
            "-m",
            "equipoise.streams.cli",
            "worker",
            "--config",
            str(self.folder / "equipoise.toml"),
        ]
        self.worker = Child("worker", command, self.folder / "worker.log", cwd=self.folder)
        self.worker.start()

    def _listed(self) -> bool:
        return (self.folder / "listing.json").exists()

    def _feeder_log(self) -> str:
        return self.feeder.tail() if self.feeder else ""

    def _worker_log(self) -> str:
        return self.worker.tail(200) if self.worker else ""

    def _has_signal(self) -> bool:
        return self.collector is not None and self.collector.spreads > 0

    async def _until(self, done: Callable[[], bool], what: str, timeout_s: float, hint: str = "") -> None:
        end = time.monotonic() + timeout_s
        while not done():
            self.check()
            if time.monotonic() > end:
                raise DemoError(f"{what} within {timeout_s:.0f} s{hint}{self._tails()}")
            await asyncio.sleep(LOOK_S)

    def check(self) -> None:
        """Raises DemoError if something has failed that should run."""
        if self.broker and not self.broker.alive:
            raise DemoError(f"the broker ended{self._tails()}")
        for child in (self.worker, self.feeder):
            finished = child is self.feeder and child is not None and child.status == 0
            if child and child.pid and not child.alive and not finished:
                raise DemoError(f"the {child.name} ended with status {child.status}:\n{child.tail()}")
        if self.collector and self.collector.error:
            raise DemoError(self.collector.error)

    def _tails(self) -> str:
        children = [child for child in (self.feeder, self.worker) if child]
        return "".join(f"\n--- end of {child.log}\n{child.tail()}" for child in children)

    @property
    def over(self) -> bool:
        """The recording has been sent and everything of it was seen."""
        return self.collector is not None and self.collector.finished and self._drained()

    def _drained(self) -> bool:
        assert self.collector is not None
        return not self._unread()

    def _unread(self) -> dict[str, int]:
        """By topic: records that were sent and that no checkpoint accounts for yet."""
        assert self.collector is not None
        left = {topic: n - self.collector.accounts.total("in", topic) for topic, n in self.collector.sent.items()}
        return {topic: n for topic, n in left.items() if n > 0}

    async def wind_down(self) -> Summary:
        """Stop the feed, let the worker finish what was sent, stop it, and count."""
        assert self.collector is not None
        if self.feeder:
            self.feeder.terminate()
        problems = await self._drain()
        if self.worker:
            status = await asyncio.to_thread(self.worker.stop, 25.0)
            if status:
                problems.append(f"the worker ended with status {status}:\n{self.worker.tail()}")
        await asyncio.sleep(0.3)  # its last records are on their way to the collector
        return Summary.of(self.collector, self.options, problems)

    async def _drain(self) -> list[str]:
        """Wait until everything sent is accounted for, as long as there is progress; what is wrong, if anything."""
        assert self.collector is not None
        accounts, seen, since = self.collector.accounts, -1, time.monotonic()
        while not self.over:
            self.check()
            if accounts.total("in") != seen:
                seen, since = accounts.total("in"), time.monotonic()
            if time.monotonic() - since > STUCK_S:
                what = self._unread() or "the feeder's last word"
                return [f"for {STUCK_S:.0f} s the worker accounted for nothing more; still missing: {what}"]
            await asyncio.sleep(LOOK_S)
        return []

    async def close(self, failed: bool) -> None:
        """Stop what still runs; the folder with the logs stays if something failed."""
        self._ended = True
        if self._page:
            await asyncio.sleep(0.3)  # the page learns that it is over
            await self._page.stop()
        if self.collector:
            await asyncio.to_thread(self.collector.stop)
        for child in (self.feeder, self.worker):
            if child:
                await asyncio.to_thread(child.stop, 3.0)
        if self.broker:
            await asyncio.to_thread(self.broker.close)
        if not failed:
            shutil.rmtree(self.folder, ignore_errors=True)
