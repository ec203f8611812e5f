"""A worker that runs until SIGTERM, and says what it took to begin.

usage: python -m benchmarks.ours_service BOOTSTRAP IN OUT [FLAG=VALUE ...]

Prints `recovered SECONDS` after each assignment (reading state back, taking partitions up), then `ready`.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.ours import worker_settings
from equipoise.streams import worker
from equipoise.streams.runtime import Runtime


def timed() -> None:
    """Have every assignment say how long it took."""
    assigned = Runtime.assigned

    async def measured(self: Runtime, *given: Any) -> None:
        began = time.monotonic()
        await assigned(self, *given)
        print(f"recovered {time.monotonic() - began:.3f}", flush=True)
        print("ready", flush=True)

    Runtime.assigned = measured  # type: ignore[method-assign]


def main() -> None:
    """Run it."""
    bootstrap, orders, sink, *flags = sys.argv[1:]
    settings = worker_settings(bootstrap, orders, sink, Path.cwd(), **dict(flag.split("=", 1) for flag in flags))
    timed()
    asyncio.run(worker.run(settings))


if __name__ == "__main__":
    main()
