"""An hour at 100,000 orders a second: whether rate and memory stay flat, and how long the worker then takes to recover.

    BROKER=127.0.0.1:9092 python -m benchmarks.hour [--seconds 3600] [--rate 100000] [--instruments 10000]
        [--distribution zipf]

Not part of `make bench`. A line a minute on the terminal and in `.bench/hour.csv`; at the end the first and the last
tenth beside each other, and five restarts. Orders, signals and windows keep 2 GB each, so the disk need not hold an
hour of them (a hundred).
"""

import argparse
import csv
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from benchmarks.broker import broker
from benchmarks.datasets import Cluster
from benchmarks.encoding import Encoder
from benchmarks.home import folder
from benchmarks.ours import warm_up
from benchmarks.process import FailedError
from benchmarks.restart import recovery
from benchmarks.results import Figure
from benchmarks.service import Service
from benchmarks.writer import BatchWriter
from equipoise.streams.simulator.load import DISTRIBUTIONS, LoadSettings, load_events, load_instruments

_TICK_S = 0.1
_KEEP = {"retention.bytes": str(2 << 30), "segment.bytes": str(256 << 20)}
_PER_CLOCK_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Minute:
    """What was seen at the end of one interval."""

    at_s: float
    sent_per_s: float
    sealed_per_s: float  # offsets that the worker committed
    behind: int  # sent and not committed
    cpu_s_per_million: float
    memory_mb: float


class Eyes:
    """Looks at a worker from outside."""

    def __init__(self, bootstrap: str, topic: str, group: str, pid: int) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
        self._place = TopicPartition(topic, 0)
        self._process = Path(f"/proc/{pid}")
        self._began = time.monotonic()
        self._last = (self._began, 0, 0, self._cpu_s())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def look(self, sent: int) -> Minute:
        """Since the last look. Raises FailedError where the worker has ended."""
        now, sealed, cpu_s = time.monotonic(), self.sealed(), self._cpu_s()
        then, sent_before, sealed_before, cpu_before = self._last
        self._last = (now, sent, sealed, cpu_s)
        seconds, done = now - then, max(sealed - sealed_before, 1)
        return Minute(
            round(now - self._began, 1),
            (sent - sent_before) / seconds,
            (sealed - sealed_before) / seconds,
            sent - sealed,
            (cpu_s - cpu_before) * 1e6 / done,
            self._memory_mb(),
        )

    def sealed(self) -> int:
        """The committed offset, 0 before the first."""
        return max(self._consumer.committed([self._place], timeout=30)[0].offset, 0)

    def _cpu_s(self) -> float:
        try:
            stat = (self._process / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError as why:
            raise FailedError("the worker has ended") from why
        return (int(stat[11]) + int(stat[12])) * _PER_CLOCK_TICK_S

    def _memory_mb(self) -> float:
        pages = int((self._process / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def sending(bootstrap: str, topic: str, load: LoadSettings, seconds: int) -> Iterator[int]:
    """Send by the clock, ten times a second; yields how many are sent by then."""
    each = int(load.rows_per_second * _TICK_S)
    encoder = Encoder(load_instruments(load.instruments))
    began = time.monotonic()
    sent = 0
    with BatchWriter(bootstrap, topic) as writer:
        for events in load_events(load, load.rows_per_second * seconds, each):
            for batch in encoder.batches(events, 1_000):
                writer.send(batch)
            sent += len(events.offset)
            time.sleep(max(0.0, began + sent / load.rows_per_second - time.monotonic()))
            yield sent


def run(cluster: Cluster, load: LoadSettings, seconds: int, every_s: int) -> tuple[list[Minute], list[float]]:
    """What was seen, and how long each of five restarts took to read the state back. Raises FailedError."""
    with _topic(cluster) as (orders, sink), (folder(".") / "hour.csv").open("w") as out:
        seen: list[Minute] = []
        table = csv.writer(out)
        table.writerow([field.name for field in fields(Minute)])
        with Service("benchmarks.ours_service", cluster.bootstrap, orders, sink, "preset=throughput") as worker:
            worker.wait("ready", 300)
            with Eyes(cluster.bootstrap, orders, sink, worker.process.pid) as eyes:
                for sent in sending(cluster.bootstrap, orders, load, seconds):
                    if sent % (every_s * load.rows_per_second) == 0:
                        seen.append(eyes.look(sent))
                        table.writerow(astuple(seen[-1]))
                        out.flush()
                        print(seen[-1], file=sys.stderr, flush=True)
                deadline = time.monotonic() + 60
                while eyes.sealed() < sent and time.monotonic() < deadline:
                    time.sleep(0.2)
                if eyes.sealed() < sent:
                    raise FailedError(f"{sent - eyes.sealed()} orders were not sealed a minute after the last was sent")
        return seen, [recovery(cluster, orders, sink) for _ in range(5)]


@contextmanager
def _topic(cluster: Cluster) -> Iterator[tuple[str, str]]:
    name = f"hour-{time.monotonic_ns()}"
    orders, sink = f"{name}-orders", f"{name}-out"
    for topic in (orders, sink, f"{sink}-spread-signals", f"{sink}-fee-signals"):
        cluster.create(topic, _KEEP)
    try:
        yield orders, sink
    finally:
        cluster.delete(name)


def flat(name: str, values: list[float]) -> str:
    """The median of the first tenth beside that of the last."""
    tenth = max(1, len(values) // 10)
    first, last = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
    change = f"{last / first - 1:+.1%}" if first else "it had not begun"
    return f"{name}: {first:,.1f} in the first tenth, {last:,.1f} in the last ({change})"


def main() -> int:
    """Run it and say whether it stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--instruments", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=60, help="seconds between two looks")
    parser.add_argument("--distribution", default="uniform", choices=DISTRIBUTIONS, help="of orders over instruments")
    asked = parser.parse_args()
    warm_up()
    load = LoadSettings(
        instruments=asked.instruments,
        distribution=asked.distribution,
        rows_per_second=asked.rate,
        start_ns=time.time_ns(),
    )
    with broker() as bootstrap:
        seen, seconds = run(Cluster(bootstrap), load, asked.seconds, asked.every)
    for name in ("sealed_per_s", "cpu_s_per_million", "memory_mb"):
        print(flat(name, [getattr(minute, name) for minute in seen]))
    print(f"most behind: {max(minute.behind for minute in seen):,} orders")
    print(Figure("recovery-after-hour", "s", tuple(seconds)).as_dict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
