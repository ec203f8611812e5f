"""How likely a pending transaction is to be included, and when another takes its place. Integers only.

Inclusion, until it is calibrated on recorded blocks, is a plain hazard:

    probability = (least + (most - least) x percentile) / 2^steps      in parts per million

`percentile` is the rank of the transaction's tip among all tips pending, ties in the middle. `steps` counts
the age limits that it has outlived: `age_step_ms`, then twice that, four times, and so on. Who bids low waits
longer, and who has waited long is less likely to be included at all.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final

PPM: Final = 1_000_000
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class InclusionSettings:
    """Bounds of the probability, and the first age at which it halves.

    Raises ValueError naming the setting, the value and the bound.
    """

    least_ppm: int = 350_000  # for the lowest tip
    most_ppm: int = 950_000  # for the highest
    age_step_ms: int = 12_000  # a slot of Ethereum

    def __post_init__(self) -> None:
        if not 0 <= self.least_ppm <= self.most_ppm <= PPM:
            raise ValueError(
                f"least_ppm is {self.least_ppm} and most_ppm {self.most_ppm}; "
                f"they must be in this order between 0 and {PPM}"
            )
        if self.age_step_ms < 1:
            raise ValueError(f"age_step_ms is {self.age_step_ms}; it must be at least 1")


def percentile_ppm(tips: list[int], tip: int) -> int:
    """Rank of `tip` in the ascending `tips`, which contain it: share below plus half of the ties."""
    below, upto = bisect_left(tips, tip), bisect_right(tips, tip)
    return (below + upto) * PPM // (2 * len(tips))


def inclusion_ppm(percentile: int, steps: int, settings: InclusionSettings) -> int:
    """Probability of inclusion in parts per million, after `steps` age limits outlived."""
    fresh = settings.least_ppm + (settings.most_ppm - settings.least_ppm) * percentile // PPM
    return fresh >> steps


def next_step_ns(seen_ns: int, steps: int, settings: InclusionSettings) -> int:
    """When the next age limit is outlived, after `steps` of them."""
    return seen_ns + (settings.age_step_ms * _NS_PER_MS << steps)


def outbids(new_fee: int, new_tip: int, old_fee: int, old_tip: int) -> bool:
    """Both the fee cap and the tip are at least a tenth above the old ones (exactly a tenth is enough).

    geth's default `txpool.pricebump`; other clients differ, and blob transactions need twice as much.
    """
    return 10 * new_fee >= 11 * old_fee and 10 * new_tip >= 11 * old_tip
