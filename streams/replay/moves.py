"""What the mid did after each regime entry: 0.1, 1 and 10 seconds later.

Entries while measures warm up are left out: a score of a few records swings from end to end.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from equipoise.streams.replay.series import Floats, Ints, LiveSeries

HORIZONS_NS: Final = (100_000_000, 1_000_000_000, 10_000_000_000)
RANK: Final = {"CALM": 0, "ELEVATED": 1, "STRESSED": 2, "HALT": 3}


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves after entries into one regime from a calmer one."""

    regime: str
    horizon_ns: int
    entries: int
    bps: Floats  # of those whose mid is known at both ends; positive: the way the score pointed

    @property
    def unknown(self) -> int:
        """Entries without a mid at either end."""
        return self.entries - len(self.bps)


def entries(live: LiveSeries) -> tuple[Ints, list[str]]:
    """Indices of signals whose regime is above that of the signal before, and the regimes entered."""
    ranks = np.array([RANK[name] for name in live.regime])
    warm = np.array([name != "WARMING" for name in live.status])
    rises = np.flatnonzero((ranks[1:] > ranks[:-1]) & warm[1:]) + 1
    return rises, [live.regime[i] for i in rises]


def mid_at(live: LiveSeries, stamps: Ints) -> Floats:
    """The mid at each stamp: that of the last signal at or before it, NaN where its validity is over."""
    index = np.searchsorted(live.as_of_ns, stamps, side="right") - 1
    known = (index >= 0) & (stamps <= live.valid_until_ns[index])
    return np.where(known, live.mid[index], np.nan)


def moves(live: LiveSeries) -> list[Moves]:
    """One row a regime entered and horizon; regimes never entered have rows without a move."""
    index, names = entries(live)
    found = []
    for regime in ("ELEVATED", "STRESSED", "HALT"):
        own = index[[name == regime for name in names]] if len(index) else index
        for horizon in HORIZONS_NS:
            before, after = live.mid[own], mid_at(live, live.as_of_ns[own] + horizon)
            bps = np.sign(live.score[own]) * (after - before) / before * 1e4
            found.append(Moves(regime, horizon, len(own), bps[~np.isnan(bps)]))
    return found
