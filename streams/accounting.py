"""Every source record has one outcome; per topic and partition they add up to what was read."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import Events
from equipoise.schemas.enums import Cause, Outcome

FLAGGED: Final = frozenset({
    Cause.UNKNOWN_INSTRUMENT,
    Cause.UNKNOWN_ORDER,
    Cause.DUPLICATE_ORDER,
    Cause.DUPLICATE_FILL,
    Cause.STALE_SEQUENCE,
    Cause.OFF_SESSION,
    Cause.NOT_AN_EVENT,
    Cause.OTHER_BOOK_SOURCE,
    Cause.LIMIT,
    Cause.OVER_EXECUTED,
    Cause.UNDERPRICED,
    Cause.UNDERPRICED,
})  # fmt: skip
# A record of several rows has the gravest outcome among them: what cannot be true is never lost among what can.
_GRAVITY: Final = np.zeros(len(Outcome), np.int64)
_GRAVITY[[Outcome.FLAGGED, Outcome.USED, Outcome.LATE, Outcome.DEAD]] = [0, 1, 2, 3]
_BY_GRAVITY: Final = np.array([Outcome.FLAGGED, Outcome.USED, Outcome.LATE, Outcome.DEAD], np.int64)


def outcome_of(cause: Cause) -> Outcome:
    """What becomes of a record that was refused at the edge."""
    return Outcome.LATE if cause is Cause.LATE else Outcome.FLAGGED if cause in FLAGGED else Outcome.DEAD


@dataclass(frozen=True, slots=True)
class Folded:
    """One entry a record: its topic's index, offset, outcome and cause. Arrays of shape (records,)."""

    source: NDArray[np.int16]
    offset: NDArray[np.int64]
    outcome: NDArray[np.int64]
    cause: NDArray[np.int64]


def fold(events: Events, outcome: NDArray[np.uint8], cause: NDArray[np.uint8]) -> Folded:
    """One outcome a record, from those of its rows (which are contiguous)."""
    changes = (np.diff(events.offset) != 0) | (np.diff(events.source) != 0)
    first = np.concatenate(([0], np.flatnonzero(changes) + 1))
    gravest = np.maximum.reduceat(_GRAVITY[outcome] * 256 + cause, first)
    return Folded(events.source[first], events.offset[first], _BY_GRAVITY[gravest // 256], gravest % 256)


@dataclass(slots=True)
class Account:
    """What became of the records of one topic and partition."""

    read: int = 0
    outcomes: list[int] = field(default_factory=lambda: [0] * len(Outcome))
    causes: dict[str, int] = field(default_factory=dict)

    def book(self, outcome: int, cause: int, records: int = 1) -> None:
        """Count records whose outcome is settled."""
        self.outcomes[outcome] += records
        if cause:
            name = Cause(cause).name
            self.causes[name] = self.causes.get(name, 0) + records

    def check(self, waiting: int) -> None:
        """Raise AssertionError where records read are not those settled and those that wait in the merge."""
        settled = sum(self.outcomes)
        if self.read != settled + waiting:
            raise AssertionError(f"{self.read} records read, {settled} settled and {waiting} waiting: they must add up")

    def as_dict(self) -> dict[str, Any]:
        """Counts by name: `in`, `used`, `late`, `flagged`, `dead_lettered`, and `causes`."""
        used, late, flagged, dead = self.outcomes
        return {
            "in": self.read,
            "used": used,
            "late": late,
            "flagged": flagged,
            "dead_lettered": dead,
            "causes": dict(sorted(self.causes.items())),
        }

    @classmethod
    def from_dict(cls, counts: dict[str, Any]) -> "Account":
        """The inverse of `as_dict`."""
        outcomes = [counts[name] for name in ("used", "late", "flagged", "dead_lettered")]
        return cls(counts["in"], outcomes, dict(counts["causes"]))
