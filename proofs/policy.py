"""The privacy policy: what must not be published although it could be proved.

- **Few traders.** With one trader the totals are the order; with two, each learns the other's.
  A window needs ``min_traders`` distinct participants with lots, or it is merged into the next one:
  who orders nothing hides nobody.
- **Dominance.** Where one trader has most of a side, the side's total is that trader's. No
  participant may exceed ``dominance_ppm`` of buys or of sells.
- **Tumbling windows.** The difference of two overlapping windows is a smaller window.
- **Revisions.** In open mode the difference of two revisions is what came late, so it must
  itself meet both rules; otherwise the late orders belong to the next window.
- **Exclusivity.** In threshold mode nothing else may publish what it hides.

Participants are as the source names them: nothing here finds two names of one person.
Refusing is visible too: that no attestation appears says that a window was small or one-sided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from equipoise.proofs.errors import PolicyRefused, need
from equipoise.proofs.header import OPEN, THRESHOLD

PPM = 1_000_000
REVEALING = frozenset(
    {"buy_volume", "sell_volume", "volume", "imbalance", "ratio", "signed_volume", "cvd", "delta", "vpin", "footprint"}
)


@dataclass(frozen=True)
class PrivacyPolicy:
    """Minimum of distinct traders, and the largest share of one of them in a side (ppm)."""

    min_traders: int = 5
    dominance_ppm: int = 600_000

    def __post_init__(self) -> None:
        need("min_traders", self.min_traders, 0, 65_535)
        need("dominance_ppm", self.dominance_ppm, 1, PPM)

    def check(self, totals: Mapping[str, tuple[int, int]], vouched: bool) -> None:
        """Refuse a window whose totals would say too much about one trader.

        ``totals`` gives buys and sells by participant; "" stands for orders without one, which
        are accepted only if a gateway vouches for them, and count as one trader.
        """
        if "" in totals and not vouched:
            raise PolicyRefused("orders without participant: attestation needs participants or an ingest gateway")
        if sum(map(any, totals.values())) < self.min_traders:
            raise PolicyRefused(f"fewer than {self.min_traders} distinct traders: merge into the next window")
        for side, lots in zip(("buys", "sells"), zip(*totals.values(), strict=True), strict=False):
            if max(lots) * PPM > self.dominance_ppm * sum(lots):
                raise PolicyRefused(
                    f"one trader has more than {self.dominance_ppm} ppm of {side}: merge into the next window"
                )

    def check_revision(self, mode: int, late: Mapping[str, tuple[int, int]], vouched: bool) -> None:
        """Refuse a revision whose difference from the one before would open the late orders.

        ``late`` gives the late buys and sells by participant: in open mode their sums are the difference, and so
        have to be fit to be published.
        """
        if mode != OPEN:
            return
        try:
            self.check(late, vouched)
        except PolicyRefused as fault:
            raise PolicyRefused(f"open mode: a revision would show the late orders' totals: {fault}") from None


def check_exclusive(mode: int, published: Iterable[str]) -> None:
    """Refuse a configuration that publishes, beside a threshold proof, what the proof hides.

    ``published`` are the names of the fields that signals, logs or metrics carry.
    """
    clash = sorted(REVEALING & set(published)) if mode == THRESHOLD else []
    if clash:
        raise PolicyRefused(f"threshold mode hides the totals, but these fields publish them: {', '.join(clash)}")


def check_tumbling(last_end: int, window_start: int) -> None:
    """Refuse a window that begins before the last one ended."""
    if window_start < last_end:
        raise PolicyRefused(f"window starts at {window_start}, before the last one's end {last_end}: overlap")
