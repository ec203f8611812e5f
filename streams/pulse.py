"""A file that is touched while the event loop turns: for probes that have no port to ask.

The Helm chart's liveness probe and the image's health check look at its age. What it does *not* say: that
records come in, or that signals go out.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0


async def beat(file: Path) -> None:
    """Touch `file` every second, until cancelled; then it is removed. What hinders it later is logged once.

    Raises:
        OSError: it cannot be written to begin with.
    """
    said = ""
    file.touch()
    try:
        while True:
            try:
                file.touch()
            except OSError as why:  # a full disk is for the probe to judge, not a reason to end
                if str(why) != said:
                    log.warning("pulse: %s", why)
                said = str(why)
            await asyncio.sleep(BEAT_S)
    finally:
        file.unlink(missing_ok=True)
