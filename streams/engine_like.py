"""What a task needs of an engine: that of `processors.engine`, one that is watched, or a test's."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from equipoise.processors.columns import Events, Outputs


class EngineLike(Protocol):
    """What a task needs of `processors.engine.Engine`."""

    def step(self, events: Events) -> Outputs:
        """Apply rows in order."""
        ...

    def watermark_ns(self) -> int:
        """In event time; NULL before the first record."""
        ...

    def counters(self) -> dict[str, int]:
        """What memory is used for, by name."""
        ...

    def snapshot(self, since: int = 0) -> "SnapshotLike":
        """What changed after a mark, 0: all state."""
        ...

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Replace all state."""
        ...


class SnapshotLike(Protocol):
    """What a task needs of `processors.storage.Snapshot`."""

    @property
    def mark(self) -> int:
        """Where the next snapshot begins."""
        ...

    @property
    def partition(self) -> bytes:
        """The partition's row."""
        ...

    def rows(self) -> Iterable[tuple[str, bytes]]:
        """The instruments' rows, made as they are asked for."""
        ...
