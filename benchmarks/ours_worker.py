"""A whole worker: every measure and the policy on, state and offsets sealed every second, windows and signals out.

The preset for throughput, but checkpoints every second, as everybody else commits.

usage: python -m benchmarks.ours_worker BOOTSTRAP IN OUT RECORDS EVERY MODE, where MODE is a delivery mode
"""

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

from benchmarks.ours import worker_settings
from benchmarks.peers.common import Job, Marks, job
from equipoise.streams import worker
from equipoise.streams.app import Stream

_LOOK_S = 0.002


def watch(stream: Stream, asked: Job) -> None:
    """Say how far the worker is, from beside it; end it as SIGTERM does once all is done."""
    marks = Marks(asked.every)
    while marks.count < asked.records:
        time.sleep(_LOOK_S)
        done = sum(partition.task.position(asked.source) for partition in _partitions(stream))
        if done > marks.count:
            marks.add(done - marks.count)
    os.kill(os.getpid(), signal.SIGTERM)


def _partitions(stream: Stream) -> list:  # type: ignore[type-arg]
    return list(stream.runtime.partitions.values()) if stream.runtime is not None else []


def main() -> None:
    """Run a worker until so many orders are read."""
    asked = job()
    flags = {"preset": "throughput", "delivery.checkpoint_ms": 1_000, "delivery.mode": asked.mode}
    settings = worker_settings(asked.bootstrap, asked.source, asked.sink, Path.cwd(), **flags)

    def ready(stream: Stream) -> None:
        threading.Thread(target=watch, args=(stream, asked), daemon=True).start()

    asyncio.run(worker.run(settings, ready))


if __name__ == "__main__":
    main()
