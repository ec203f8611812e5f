"""What the demo is asked for, and the configuration that its worker gets."""

import json
from dataclasses import dataclass
from pathlib import Path

from equipoise.streams.demo.names import MEMPOOL, ORDERS


class DemoError(RuntimeError):
    """The demo cannot run, or something in it failed; the message is for people."""


@dataclass(frozen=True, slots=True)
class Options:
    """One run of the demo."""

    seconds: float | None = None  # None: until it is interrupted
    replay: Path | None = None
    preset: str = ""
    instrument: str = ""  # of the recording, VENUE:SYMBOL
    seed: int = 7
    rate: float = 1_000.0  # simulated order events per second
    first_burst_s: float = 8.0
    port: int = 8790
    page: bool = True

    @property
    def title(self) -> str:
        """What the screen says it shows."""
        return f"replay of {self.replay.name}" if self.replay else "simulated market"


def worker_config(bootstrap: str, listing: Path, mempool: bool) -> str:
    """The worker's TOML: this broker, one partition, the instruments of the feed, from the first record on."""
    lines = [
        "# Written by `equipoise demo` for its own worker.",
        "[kafka]",
        f"bootstrap = {json.dumps(bootstrap)}",
        "[topics]",
        "partitions = 1",
        "input_retention_s = 900  # the embedded broker keeps records in memory",
        f"mempool = {json.dumps(MEMPOOL if mempool else '')}",
        "[[topics.orders]]",
        f"name = {json.dumps(ORDERS)}",
        "[instruments]",
        f"file = {json.dumps(str(listing))}",
        "[delivery]",
        'start = "earliest"',
        'compression = "none"',
    ]
    return "\n".join(lines) + "\n"
