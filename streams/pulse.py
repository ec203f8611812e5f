"""A file that is touched while the event loop turns: for probes that have no port to ask.

The Helm chart's liveness probe and the image's health check look at its age. What it does *not* say: that
records come in, or that signals go out.
"""

import asyncio
from pathlib import Path
from typing import Final

BEAT_S: Final = 1.0


async def beat(file: Path) -> None:
    """Touch `file` every second, until cancelled; then it is removed.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        while True:
            file.touch()
            await asyncio.sleep(BEAT_S)
    finally:
        file.unlink(missing_ok=True)
