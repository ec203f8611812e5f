"""One round: workers, faults and input, until all input is settled; then the comparison."""

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.chaos import clock, faults, feed, verdict
from tests.chaos.cluster import Cluster
from tests.chaos.faults import SESSION_MS, Fault, Plan
from tests.chaos.proxy import Proxy
from tests.chaos.workers import FORKS, Worker
from tests.streams import live

TICK_S = 0.05
LOOK_S = 0.3
BROKER_S = 0.5  # between looks whether all brokers are in step again
RECORDS = 1_200
FEED_S = 4.0
END_S = 40.0
LIMIT_S = 90.0  # without any progress
SLOW_S = 5.0  # between two looks: a committed offset is asked for so long
TELL_S = 2.0  # for a stuck worker to say where it stands
HEALED = ("nothing came from", "StuckError")  # in the log of a worker that stood still and helped itself
MODES = {"alo": "at-least-once", "tx": "transactional"}


@dataclass
class Round:
    """Everything that a round touches."""

    name: str
    mode: str
    plan: Plan
    cluster: Cluster
    proxy: Proxy
    folder: Path
    workers: list[Worker] = field(default_factory=list)
    wanted: int = 1
    until: list[tuple[float, Callable[[], None]]] = field(default_factory=list)  # what ends faults, and when

    def flags(self, bootstrap: str) -> dict[str, Any]:
        interval = "delivery.transaction_ms" if self.mode == "tx" else "delivery.checkpoint_ms"
        return live.settings_for(
            bootstrap,
            self.name,
            **{
                "delivery.mode": MODES[self.mode],
                interval: self.plan.interval_ms,
                "kafka.session_timeout_ms": SESSION_MS,
                "kafka.batch_max_records": self.plan.batch,
                "kafka.retry_backoff_max_ms": 500,
                "delivery.stall_s": 5,
                "metrics.port": -1,
                "instruments.file": live.instruments_file(self.folder),
                "topics.instruments": "chaos.instruments",
                "topics.policy": "chaos.policy",
                "topics.attestations": "chaos.attestations",
                "topics.replication": self.cluster.copies,
                # what comes late comes in the order of its stamps all the same: then live is offline, byte by byte
                "time.merge_wait_ms": 3_600_000,
                "time.idle_ms": 3_600_000,
            },
        )

    def start(self, failpoints: str = "", disk_bytes: int = 0) -> None:
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(Worker(self.flags(self.proxy.bootstrap), log, self.time_file, failpoints, disk_bytes))

    @property
    def time_file(self) -> Path:
        """What the workers' clock follows."""
        return self.folder / "clock"

    @property
    def living(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive and not worker.asked]

    def tick(self) -> None:
        """End faults that are due, let stopped workers go on, and keep as many workers as are wanted."""
        now = time.monotonic()
        for at, end in [entry for entry in self.until if entry[0] <= now]:
            end()
            self.until.remove((at, end))
        for worker in self.workers:
            worker.resume_when_due(self.plan.stopped_s)
        while len(self.living) < self.wanted:
            self.start()

    def apply(self, fault: Fault) -> bool:
        """Let it happen; False: not yet."""
        turn = self.cluster.turn
        if fault.name == "broker" and (turn.ours or not turn.take()):  # ours: the last one is not back yet
            return False
        {
            "kill": self._kill,
            "stop": lambda f: self._victim(f).send(signal.SIGSTOP),
            "inside": lambda f: self.start(f.words),
            "disk": lambda _: self.start(disk_bytes=2_000),
            "join": self._join,
            "leave": self._leave,
            "delay": self._delay,
            "cut": lambda _: self.proxy.cut(reset=False),
            "reset": lambda _: self.proxy.cut(reset=True),
            "hold": self._hold,
            "broker": self._broker,
            "leaders": self._leaders,
            "clock": self._clock,
        }[fault.name](fault)
        return True

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        ends, self.until = self.until, []
        for _, end in ends:
            end()
        self.proxy.calm()

    def _victim(self, fault: Fault) -> Worker:
        return self.living[fault.pick % len(self.living)]

    def _kill(self, fault: Fault) -> None:
        self._victim(fault).kill()

    def _join(self, _: Fault) -> None:
        self.wanted = min(3, self.wanted + 1)

    def _leave(self, fault: Fault) -> None:
        self._victim(fault).ask()
        self.wanted = max(1, self.wanted - 1)

    def _later(self, seconds: float, end: Callable[[], None]) -> None:
        self.until.append((time.monotonic() + seconds, end))

    def _delay(self, fault: Fault) -> None:
        self.proxy.delay(fault.seconds / 10)
        self._later(fault.seconds, lambda: self.proxy.delay(0))

    def _hold(self, fault: Fault) -> None:
        self.proxy.hold(True)
        self._later(fault.seconds, lambda: self.proxy.hold(False))

    def _broker(self, fault: Fault) -> None:
        number = fault.pick % len(self.cluster.brokers) + 1

        def up() -> None:
            self.cluster.up(number)
            self._later(BROKER_S, in_step)

        def in_step() -> None:  # until then nobody kills another
            if self.cluster.apart():
                self._later(BROKER_S, in_step)
            else:
                self.cluster.turn.give()

        self.cluster.kill(number)
        self._later(fault.seconds, up)

    def _leaders(self, _: Fault) -> None:
        admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap, "log_level": 0})
        with contextlib.suppress(KafkaException):
            admin.elect_leaders(ElectionType.PREFERRED, None).result(60)

    def _clock(self, fault: Fault) -> None:
        clock.step(self.time_file, int(fault.words))


class StuckError(AssertionError):
    """The input was not settled in time."""


def run(seed: int, mode: str, cluster: Cluster, folder: Path) -> str:
    """One round from its seed. Returns what was done, in a line.

    Raises:
        AssertionError: something was lost, doubled or different, a worker ended by itself, or nothing moved any more.
    """
    draw = random.Random(f"{mode}-{seed}")
    plan = faults.drawn(draw, mode, cluster.mortal)
    name = f"chaos-{mode}-{seed}-{time.time_ns() // 1_000_000 % 10**8}"
    records = feed.drawn(draw, name, RECORDS)
    times = [time.monotonic()]
    with Proxy(cluster.brokers) as proxy:
        this = Round(name, mode, plan, cluster, proxy, folder, wanted=plan.workers)
        clock.step(this.time_file, 0)
        flags = this.flags(cluster.bootstrap)
        answer = verdict.undisturbed(records, flags)
        with cluster.whole():
            settings = live.create_topics(flags, existing=True)
            feeder = feed.Feeder(cluster.bootstrap, records, FEED_S)
        times.append(time.monotonic())
        try:
            _disturb(this, feeder, answer.settled)
            times.append(time.monotonic())
            _end(this)
            times.append(time.monotonic())
        except Exception as why:
            why.add_note(str(plan))
            raise
        finally:
            this.heal()
            this.cluster.turn.give()
            for worker in this.workers:
                if worker.alive:
                    worker.kill()
        verdict.compare(answer, settings, mode)
        _delete(cluster, name)
    times.append(time.monotonic())
    parts = "+".join(f"{after - before:.1f}" for before, after in pairwise(times))
    healed = "".join(f", {word}" for word in HEALED if any(word in worker.told for worker in this.workers))
    return f"{times[-1] - times[0]:.1f} s ({parts}), {len(this.workers)} workers{healed}; {plan}"


def _delete(cluster: Cluster, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    asked = admin.delete_topics(
        [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith(f"{name}.")]
    )
    wait(asked.values(), 30)


def start_parent() -> None:
    """Start the parent of all workers now, with the environment as it is, and wait until its kernels are ready."""
    forkserver.ensure_running()
    first = FORKS.Process(target=int)
    first.start()
    first.join()


def tell(workers: Iterable[Worker]) -> None:
    """Have them write into their logs where they stand."""
    for worker in workers:
        worker.send(signal.SIGUSR1)
    time.sleep(TELL_S)


def _disturb(this: Round, feeder: feed.Feeder, settled: dict[tuple[str, int], int]) -> None:
    """Until everything is fed, everything has gone wrong, and everything is settled."""
    still_s = due_s = looked_s = turned_s = time.monotonic()
    left, healed, found = list(this.plan.faults), False, dict[tuple[str, int], int]()
    consumer = Consumer({"bootstrap.servers": this.cluster.bootstrap, "group.id": this.name, "log_level": 0})
    places = [TopicPartition(*place) for place in settled]
    try:
        while True:
            now = time.monotonic()
            still_s += max(0.0, now - turned_s - SLOW_S)  # while we did not run ourselves nobody knows who stood still
            turned_s = now
            this.tick()
            fed = feeder.tick()
            if left and this.living and now >= due_s + left[0].after_s and this.apply(left[0]):
                left.pop(0)
                due_s = now
            if fed and not left and not this.until and not healed:
                this.heal()
                healed, still_s = True, now
            if healed and now - looked_s > LOOK_S:
                looked_s = now
                with contextlib.suppress(KafkaException):
                    before, found = (
                        found,
                        {(p.topic, p.partition): p.offset for p in consumer.committed(places, timeout=5)},
                    )
                    still_s = still_s if found == before else now
                    if found == settled and not any(worker.paused for worker in this.workers):
                        return
            if now - still_s > LIMIT_S:
                tell(this.workers)
                apart = {place: (found.get(place), at) for place, at in settled.items() if found.get(place) != at}
                raise StuckError(f"stuck for {LIMIT_S:g} s (committed, wanted): {apart}")
            time.sleep(TICK_S)
    finally:
        consumer.close()


def _end(this: Round) -> None:
    for worker in this.living:
        worker.ask()
    deadline = time.monotonic() + END_S
    for worker in this.workers:
        while worker.alive and time.monotonic() < deadline:
            worker.resume_when_due(this.plan.stopped_s)  # its last checkpoint has its places, too
            worker.process.join(TICK_S)
        if worker.alive:
            tell([worker])
            raise StuckError(f"worker did not end within {END_S:g} s of SIGTERM: {worker.log}")
        problem = worker.problem()
        assert not problem, problem
