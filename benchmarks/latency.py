"""From an order that is due to be sent to the signal that it caused, consumed: over a real broker, by the clock.

BROKER=127.0.0.1:9092 python -m benchmarks.latency [--quick]
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.broker import broker
from benchmarks.datasets import Cluster
from benchmarks.latency_load import TICK_NS
from benchmarks.ours import warm_up
from benchmarks.process import FailedError
from benchmarks.results import Recorder, Sample
from benchmarks.service import Service
from equipoise.schemas.headers import SOURCE_OFFSET
from equipoise.streams.telemetry import BUCKETS, Histogram

_BASE = 10_000  # the rate that the targets speak of: its figures have no suffix
_WARM_S = 2
_LATE_MS = 500  # a sender so far behind its schedule has not sent what was to be measured
_SIGNALS = ("", "-spread-signals", "-fee-signals")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rates, and rounds of so many seconds, one after the other on one worker."""

    rates: tuple[int, ...] = (1_000, 10_000, 100_000)
    rounds: int = 5
    seconds: int = 10


QUICK = Schedule((10_000,), 3, 4)


def measure(cluster: Cluster, recorder: Recorder, schedule: Schedule) -> None:
    """Every rate; a failed one is recorded as such."""
    for rate in schedule.rates:
        end = "" if rate == _BASE else f"@{rate // 1000}k"
        print(f"[latency] {rate:,} orders/s", end=" ", file=sys.stderr, flush=True)
        try:
            rounds = list(_rounds(cluster, rate, schedule))
        except (FailedError, TimeoutError) as why:
            print(f"FAILED: {why}", file=sys.stderr, flush=True)
            recorder.add(f"latency/{rate}", [Sample(f"end-to-end-p99{end}", "ms", None, str(why))])
            continue
        for number, samples in enumerate(rounds):
            recorder.add(f"latency/{rate}/{number}", [Sample(name + end, unit, value) for name, unit, value in samples])
        print(" | ".join(f"{n} {v:.2f} {u}" for n, u, v in rounds[len(rounds) // 2]), file=sys.stderr, flush=True)


def _rounds(cluster: Cluster, rate: int, schedule: Schedule) -> Iterator[list[tuple[str, str, float]]]:
    """Percentiles of each round, of what its orders caused."""
    name = f"latency-{rate}-{time.monotonic_ns()}"
    orders, sink = f"{name}-orders", f"{name}-out"
    cluster.create(orders)
    seconds = _WARM_S + schedule.rounds * schedule.seconds
    try:
        with Service("benchmarks.ours_service", cluster.bootstrap, orders, sink, "preset=low-latency") as worker:
            worker.wait("ready", 300)
            with Service("benchmarks.latency_load", cluster.bootstrap, orders, rate, seconds) as sender:
                _, (_, first, each) = sender.wait("schedule", 120)
                found = _received(cluster.bootstrap, sink, int(first), int(each), seconds)
                _, (_, late_ms) = sender.wait("late", 30)
                if float(late_ms) > _LATE_MS:
                    raise FailedError(f"the sender fell {late_ms} ms behind its schedule: is the machine busy?")
            told = worker.said("decision")
        for number in range(schedule.rounds):
            start_ms = (_WARM_S + number * schedule.seconds) * 1_000
            end_ms = start_ms + schedule.seconds * 1_000
            own = found[(found[:, 0] >= start_ms) & (found[:, 0] < end_ms), 1] / 1e6
            if not len(own):
                raise FailedError("no signal came for its orders")
            yield [
                *_end_to_end(own),
                *decisions(told, int(first) + start_ms * TICK_NS, int(first) + end_ms * TICK_NS),
                ("signals", "signals/s", len(own) / schedule.seconds),
                ("sender-late", "ms", float(late_ms)),
            ]
    finally:
        cluster.delete(name)


def _end_to_end(own: np.ndarray) -> Iterator[tuple[str, str, float]]:
    for part, value in zip(("p50", "p99", "p999", "max"), np.percentile(own, (50, 99, 99.9, 100)), strict=True):
        yield f"end-to-end-{part}", "ms", float(value)


def decisions(told: list[list[str]], start_ns: int, end_ns: int) -> Iterator[tuple[str, str, float]]:
    """Percentiles of the worker's own histogram over a stretch, to the half second; each at most 12.5 % too high."""
    before, after = (_counts(max((line for line in told if int(line[0]) <= at), default=["0"], key=_clock))
                     for at in (start_ns, end_ns))  # fmt: skip
    histogram = Histogram()
    histogram.counts = after - before
    histogram.count = int(histogram.counts.sum())
    for part, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
        yield f"decision-latency-{part}", "µs", histogram.quantile_ns(share) / 1e3


def _clock(line: list[str]) -> int:
    return int(line[0])


def _counts(line: list[str]) -> np.ndarray:
    counts = np.zeros(BUCKETS, np.int64)
    for entry in line[1:]:
        index, count = entry.split(":")
        counts[int(index)] = int(count)
    return counts


def _received(bootstrap: str, sink: str, first_ns: int, each: int, seconds: int) -> np.ndarray:
    """Of each signal that came: the tick (ms of the schedule) of the order that caused it, and its latency, ns."""
    settings = {"group.id": "bench", "fetch.wait.max.ms": 10, "fetch.queue.backoff.ms": 1, "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": bootstrap, "auto.offset.reset": "earliest", **settings})
    consumer.assign([TopicPartition(sink + end, 0, 0) for end in _SIGNALS])
    found: list[tuple[int, int]] = []
    end_ns = first_ns + (seconds * 1_000 + 500) * TICK_NS
    try:
        while (now := time.monotonic_ns()) < end_ns:
            message = consumer.poll(0.1)
            if message is None or message.error() is not None:
                continue
            now = time.monotonic_ns()
            offset = dict(message.headers() or ()).get(SOURCE_OFFSET)
            if offset is not None:
                tick = int(offset) // each
                found.append((tick, now - first_ns - tick * TICK_NS))
    finally:
        consumer.close()
    return np.array(found, np.int64).reshape(-1, 2)


def main() -> int:
    """Only this part of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    recorder = Recorder()
    warm_up()
    with broker() as bootstrap:
        measure(Cluster(bootstrap), recorder, QUICK if quick else Schedule())
    for figure in recorder.figures():
        print(figure.as_dict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
