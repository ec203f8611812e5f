"""How long a worker takes to begin: with cached kernels, with none, and with state to read back.

    BROKER=127.0.0.1:9092 python -m benchmarks.restart [--quick]

`start-…` is from the process's start to its taking records, with no state. `recovery-…` is the part of a restart that
grows with the state: from the assignment of the partition until it is taken up.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.broker import broker
from benchmarks.datasets import Cluster, DataSet
from benchmarks.encoding import Encoder
from benchmarks.ours import warm_up
from benchmarks.process import FailedError
from benchmarks.results import Recorder, Sample
from benchmarks.service import Service
from benchmarks.writer import BatchWriter
from equipoise.processors.columns import NULL, Events, empty_events
from equipoise.schemas.enums import Action, Flag, Side
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments

_WORKER = "benchmarks.ours_service"
_START_S = 300
_CHUNK, _BATCH = 50_000, 10_000
_LEVELS = 5_000  # of a side


def measure(cluster: Cluster, recorder: Recorder, *, rounds: int, quick: bool) -> None:
    """Starts, then recoveries; a failed one is recorded as such. A quick run has starts with cached kernels only."""
    jobs: dict[str, Callable[[], list[float]]] = {
        "start-cached": lambda: [_start(cluster, {}) for _ in range(rounds)],
        "start-cold": lambda: [_cold(cluster) for _ in range(rounds)],
        "recovery-10000-instruments": lambda: _recoveries(cluster, 10_000, _many_instruments(), rounds),
        "recovery-million-orders": lambda: _recoveries(cluster, 1, million_orders(), rounds),
    }
    if quick:
        jobs = {"start-cached": jobs["start-cached"]}
    for name, job in jobs.items():
        print(f"[restart] {name}", end=" ", file=sys.stderr, flush=True)
        try:
            seconds = job()
        except (FailedError, TimeoutError) as why:
            print(f"FAILED: {why}", file=sys.stderr, flush=True)
            recorder.add(name, [Sample(name, "s", None, str(why))])
            continue
        print(", ".join(f"{value:.2f}" for value in seconds), "s", file=sys.stderr, flush=True)
        recorder.add(name, [Sample(name, "s", value) for value in seconds])


@contextmanager
def _topics(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """An input topic, and the beginning of the worker's own; all gone afterwards."""
    name = f"restart-{time.monotonic_ns()}"
    cluster.create(f"{name}-orders")
    try:
        yield f"{name}-orders", f"{name}-out"
    finally:
        cluster.delete(name)


def _start(cluster: Cluster, env: dict[str, str]) -> float:
    with _topics(cluster) as (orders, sink), Service(_WORKER, cluster.bootstrap, orders, sink, env=env) as worker:
        return worker.wait("ready", _START_S)[0] - worker.began


def _cold(cluster: Cluster) -> float:
    with tempfile.TemporaryDirectory() as empty:
        return _start(cluster, {"EQUIPOISE_KERNEL_CACHE": empty})


def _recoveries(cluster: Cluster, instruments: int, rows: Iterable[Events], rounds: int) -> list[float]:
    """Have a worker take these rows in and seal them; then start it anew, again and again."""
    with _topics(cluster) as (orders, sink):
        encoder = Encoder(load_instruments(instruments))
        with BatchWriter(cluster.bootstrap, orders) as writer:
            for events in rows:
                for batch in encoder.batches(events, _BATCH):
                    writer.send(batch)
        with Service(_WORKER, cluster.bootstrap, orders, sink) as worker:
            worker.wait("ready", _START_S)
            _until_committed(cluster, orders, sink, writer.end)
        return [recovery(cluster, orders, sink) for _ in range(rounds)]


def recovery(cluster: Cluster, orders: str, sink: str) -> float:
    """Start a worker that has state; how long it took to read it back and take its partition up, s."""
    with Service(_WORKER, cluster.bootstrap, orders, sink) as worker:
        _, (_, seconds) = worker.wait("recovered", _START_S)
        return float(seconds)


def _until_committed(cluster: Cluster, topic: str, group: str, end: int) -> None:
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    deadline = time.monotonic() + _START_S
    try:
        while consumer.committed([TopicPartition(topic, 0)], timeout=30)[0].offset < end:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the worker has not sealed all {end} orders within {_START_S} s")
            time.sleep(0.2)
    finally:
        consumer.close()


def _many_instruments() -> Iterator[Events]:
    data = DataSet(200_000, instruments=10_000)  # 20 orders each, nearly every one of which causes signals
    return load_events(data.load, data.records)


def million_orders(orders: int = 1_000_000) -> Iterator[Events]:
    """One book of so many resting orders: a CLEAR, then an order each ten microseconds, 5,000 prices a side."""
    load = LoadSettings()
    for start in range(0, orders + 1, _CHUNK):
        number = np.arange(start, min(start + _CHUNK, orders + 1))
        events = empty_events(len(number))
        side = np.where(number % 2 == 0, Side.BID, Side.ASK)
        away = 1 + number // 2 % _LEVELS
        events.instrument[:], events.action[:], events.side[:] = 0, Action.ADD, side
        events.flags[:], events.sequence[:], events.previous_sequence[:] = Flag.LAST, number, number - 1
        events.price[:] = 10 * _LEVELS + np.where(side == Side.BID, -away, away)
        events.quantity[:], events.order_id[:] = 1, number
        events.event_ns[:] = load.start_ns + number * 10_000
        events.arrival_ns[:] = events.event_ns
        if start == 0:
            for column, nothing in ((events.price, NULL), (events.quantity, NULL), (events.previous_sequence, NULL)):
                column[0] = nothing
            events.action[0], events.side[0], events.order_id[0] = Action.CLEAR, Side.NONE, 0
        yield events


def main() -> int:
    """Only this part of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    recorder = Recorder()
    warm_up()
    with broker() as bootstrap:
        measure(Cluster(bootstrap), recorder, rounds=3 if quick else 5, quick=quick)
    for figure in recorder.figures():
        print(figure.as_dict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
