"""The one door to the kernels: `step`, `dump`, `load` (interface; the kernels follow)."""

from dataclasses import dataclass

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.instruments import Instruments


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Placeholder: windows, lateness, half-lives, policy."""


class Engine:
    """All state of one partition: books, measures, windows, policy.

    No I/O, no clock, no randomness. Cut the input anywhere, with or without `dump` and `load` at the
    cut, and the output bytes are the same.
    """

    def __init__(self, instruments: Instruments, settings: EngineSettings, sources: int = 1) -> None: ...

    def step(self, events: Events) -> Outputs:
        """Apply rows in order; `events.source` names the topic of each row within this partition."""
        raise NotImplementedError

    def dump(self) -> dict[str, bytes]:
        """State rows: one per instrument (its key), and one for the partition (key '')."""
        raise NotImplementedError

    def load(self, rows: dict[str, bytes]) -> None:
        """Replace all state by dumped rows."""
        raise NotImplementedError
