"""VPIN with lists and loops: as the paper has it, and as three packages have it, each with its own habits.

Easley, Lopez de Prado, O'Hara: Flow Toxicity and Liquidity in a High-frequency World (2012). What the packages do
otherwise is in one function each, so that the part that is ours (`Buckets`) is held to published values as well.
"""

import math
import statistics
from itertools import accumulate, pairwise

CDF = statistics.NormalDist().cdf


class Buckets:
    """Buckets of `size`, filled by volume of which a share is bought."""

    def __init__(self, size: float, n: int, floor: bool = False) -> None:
        self.size, self.n, self.floor = size, n, floor
        self.filled: list[tuple[float, float]] = []  # bought, sold of full buckets
        self.volume = self.bought = self.sold = 0.0

    def pour(self, volume: float, share: float) -> None:
        """Split `volume` across as many buckets as it spans."""
        while volume > 0:
            part = min(volume, self.size - self.volume)
            bought = math.floor(share * part) if self.floor else share * part
            self.volume, self.bought, self.sold = self.volume + part, self.bought + bought, self.sold + part - bought
            volume -= part
            if self.size - self.volume < 1e-9 * self.size:  # a size that is no whole number leaves a rest of rounding
                self.filled.append((self.bought, self.sold))
                self.volume = self.bought = self.sold = 0.0

    def drop(self) -> None:
        """A session has ended: the partial bucket is dropped."""
        self.volume = self.bought = self.sold = 0.0

    def vpin(self) -> float | None:
        """Over the last n full buckets; None before there are as many."""
        last = self.filled[-self.n :]
        return sum(abs(b - s) for b, s in last) / (self.n * self.size) if len(last) == self.n else None

    def with_partial(self) -> float:
        """flowrisk's: the partial bucket is the last of n."""
        last = [*self.filled[-(self.n - 1) :], (self.bought, self.sold)]
        return sum(abs(b - s) for b, s in last) / sum(b + s for b, s in last)


def bulk(prices: list[float], volumes: list[float], buckets: Buckets, decay: float, day: int = 0) -> list[float | None]:
    """VPIN after each bar; the first bar only gives a price. A session is `day` bars, 0: it never ends."""
    variance: float | None = None
    found: list[float | None] = [None]
    for k, ((before, price), volume) in enumerate(zip(pairwise(prices), volumes[1:], strict=True), 1):
        change = price - before
        variance = change**2 if variance is None else (1 - decay) * change**2 + decay * variance
        buckets.pour(volume, CDF(change / math.sqrt(variance)) if variance else 0.5)
        found.append(buckets.vpin())
        if day and (k + 1) % day == 0:
            buckets.drop()
    return found


def flowrisk(prices: list[float], volumes: list[float], buckets: Buckets, decay: float, begin: int = 50) -> list[float]:
    """flowrisk 0.3.0: `begin` bars share one sigma, whole shares (floor), the partial bucket counts."""
    variance = (prices[1] - prices[0]) ** 2
    for before, price in pairwise(prices[1:begin]):
        variance = decay * variance + (1 - decay) * (price - before) ** 2
    before = sum(prices[:begin]) / begin
    for price, volume in zip(prices[:begin], volumes[:begin], strict=True):
        buckets.pour(volume, CDF((price - before) / math.sqrt(variance)))
        before = price
    found = []
    for price, volume in zip(prices[begin:], volumes[begin:], strict=True):
        variance = (1 - decay) * (price - before) ** 2 + decay * variance
        buckets.pour(volume, CDF((price - before) / math.sqrt(variance)))
        before = price
        found.append(buckets.with_partial())
    return [found[0]] * begin + found


DAY_S = 86_400


def pinstimation(
    trades: list[tuple[float, float, float]], bar_s: int, per_day: int, n: int
) -> tuple[float, int, list[float]]:
    """PINstimation 0.2.0's: V, full buckets, and VPIN after each of them from the n-th. Trades: (s, price, volume).

    A bar's change is from its own first to its own last price, and sigma is that of the whole sample: of all bars
    between the first and the last, empty ones with a change of 0, on days with trades.
    """
    bars: dict[int, list[float]] = {}  # first price, last price, volume
    for at, price, volume in sorted(trades, key=lambda trade: trade[0]):
        bar = bars.setdefault(int(at // bar_s), [price, price, 0.0])
        bar[1], bar[2] = price, bar[2] + volume
    days = {bar * bar_s // DAY_S for bar in bars}
    empty = sum(1 for bar in range(min(bars), max(bars) + 1) if bar * bar_s // DAY_S in days) - len(bars)
    sigma = statistics.stdev([last - first for first, last, _ in bars.values()] + [0.0] * empty)
    size = sum(volume for _, _, volume in bars.values()) / len(days) / per_day
    buckets, found = Buckets(size, n), []
    for first, last, volume in (bars[bar] for bar in sorted(bars)):
        buckets.pour(volume, CDF((last - first) / sigma))
    ratios = list(accumulate((abs(b - s) for b, s in buckets.filled), initial=0.0))
    found = [(late - early) / (n * size) for early, late in zip(ratios, ratios[n:], strict=False)]
    return size, len(buckets.filled), found


def mlfinpy(prices: list[float], volumes: list[float], n: int, sigma_bars: int = 20) -> list[float]:
    """mlfinpy's published VPIN: each bar is a bucket, a rolling sigma, the mean imbalance over the *last* volume."""
    changes = [math.nan, *(price - before for before, price in pairwise(prices))]
    apart = []
    for k, (change, volume) in enumerate(zip(changes, volumes, strict=True)):
        sigma = statistics.stdev(changes[k - sigma_bars + 1 : k + 1]) if k >= sigma_bars else math.nan
        apart.append(abs(2 * CDF(change / sigma) - 1) * volume if sigma > 0 else math.nan)
    return [sum(apart[k - n + 1 : k + 1]) / n / volume if k >= n - 1 else math.nan for k, volume in enumerate(volumes)]
