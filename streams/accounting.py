"""Every source record has one outcome; per topic and partition they add up to what was read."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import tally
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
})  # fmt: skip


def outcome_of(cause: Cause) -> Outcome:
    """What becomes of a record that was refused at the edge."""
    return Outcome.LATE if cause is Cause.LATE else Outcome.FLAGGED if cause in FLAGGED else Outcome.DEAD


class Tally(NamedTuple):
    """Outcomes of the records of one step."""

    counts: list[tuple[int, int, int, int]]  # topic's index, outcome, cause, records
    dead: list[tuple[int, int]]  # row and cause of each record that the engine refused


def add_up(events: Events, outcome: NDArray[np.uint8], cause: NDArray[np.uint8], sources: int) -> Tally:
    """One outcome a record, from those of its rows (which are contiguous)."""
    counts = np.zeros((sources, len(tally.BY_GRAVITY) * tally.CODES), np.int64)
    seen, dead = np.empty((len(outcome), 3), np.int64), np.empty((len(outcome), 2), np.int64)
    kinds, found = tally.count(events, outcome, cause, counts, seen, dead)
    booked = []
    for source, code, records in seen[:kinds].tolist():
        gravity, why = divmod(code, tally.CODES)
        booked.append((source, int(tally.BY_GRAVITY[gravity]), why, records))
    return Tally(booked, [(row, why) for row, why in dead[:found].tolist()])


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
