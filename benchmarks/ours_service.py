"""A worker that runs until SIGTERM, and says what it took to begin and how long its decisions take.

usage: python -m benchmarks.ours_service BOOTSTRAP IN OUT [FLAG=VALUE ...]

Prints `recovered SECONDS` after each assignment (reading state back, taking partitions up), then `ready`; and twice a
second `decision CLOCK_NS BUCKET:COUNT ...`: the worker's own histogram so far, fetch response there to signal handed to
the producer.
"""

import asyncio
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ours import worker_settings
from equipoise.streams import worker
from equipoise.streams.app import Stream
from equipoise.streams.runtime import Runtime

_SAY_S = 0.5


def timed() -> None:
    """Have every assignment say how long it took."""
    assigned = Runtime.assigned

    async def measured(self: Runtime, *given: Any) -> None:
        began = time.monotonic()
        await assigned(self, *given)
        print(f"recovered {time.monotonic() - began:.3f}", flush=True)
        print("ready", flush=True)

    Runtime.assigned = measured  # type: ignore[method-assign]


def tell(stream: Stream) -> None:
    """Print the histogram for ever."""
    while True:
        time.sleep(_SAY_S)
        if stream.runtime is not None:
            counts = stream.runtime.tools.telemetry.decision.counts.copy()
            said = " ".join(f"{index}:{counts[index]}" for index in np.flatnonzero(counts).tolist())
            print(f"decision {time.monotonic_ns()} {said}", flush=True)


def main() -> None:
    """Run it."""
    bootstrap, orders, sink, *flags = sys.argv[1:]
    settings = worker_settings(bootstrap, orders, sink, Path.cwd(), **dict(flag.split("=", 1) for flag in flags))
    timed()
    asyncio.run(worker.run(settings, lambda stream: threading.Thread(target=tell, args=(stream,), daemon=True).start()))


if __name__ == "__main__":
    main()
