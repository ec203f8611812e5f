"""Time-weighted means of what holds until it changes, so that a day fits a page.

A null has no weight: a bin in which nothing was measured is a hole, not a zero.
"""

from typing import Final

import numpy as np

from equipoise.streams.replay.series import Floats, Ints, WindowSeries

BINS: Final = 900  # about a pixel and a half each on the page


def edges(first_ns: int, last_ns: int, bins: int = BINS) -> Ints:
    """Edges of equal bins from first to last."""
    return np.linspace(first_ns, max(last_ns, first_ns + bins), bins + 1).astype(np.int64)


def means(stamps: Ints, values: Floats, cuts: Ints) -> Floats:
    """Mean of the step function (`values[i]` holds from `stamps[i]` to the next) in each bin, NaN where it is null.

    Shape: (n,), (n,) and (bins + 1,) give (bins,).
    """
    origin = stamps[0]
    seconds = (stamps - origin) / 1e9
    lengths = np.diff(seconds, append=seconds[-1])
    known = ~np.isnan(values)
    area = np.concatenate(([0.0], np.cumsum(np.where(known, values, 0.0) * lengths)[:-1]))
    weight = np.concatenate(([0.0], np.cumsum(known * lengths)[:-1]))
    at = (cuts - origin) / 1e9
    held, seen = np.diff(np.interp(at, seconds, area)), np.diff(np.interp(at, seconds, weight))
    found: Floats = np.divide(held, seen, out=np.full(len(held), np.nan), where=seen > 1e-9)
    return found


def shares(spans: list[tuple[int, int]], cuts: Ints) -> Floats:
    """Which part of each bin lies in one of the spans, in [0, 1]. Spans do not overlap. Shape (bins,)."""
    if not spans:
        return np.zeros(len(cuts) - 1)
    ordered = np.array(sorted(spans), np.int64)
    points = ordered.ravel()
    covered = np.repeat(np.cumsum(ordered[:, 1] - ordered[:, 0]), 2)
    covered[::2] -= ordered[:, 1] - ordered[:, 0]
    part: Floats = np.diff(np.interp(cuts, points, covered)) / np.diff(cuts)
    return part


def sums(windows: WindowSeries, values: Floats, cuts: Ints) -> Floats:
    """Sum of the windows that begin in each bin. Shape (bins,)."""
    total: Floats = np.histogram(windows.start_ns, cuts, weights=values)[0].astype(np.float64)
    return total
