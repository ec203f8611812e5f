"""Plain statistics, with their uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 300  # of the bootstrap, in blocks of 10 observations, with a fixed seed
BLOCK = 10


@dataclass(frozen=True)
class Line:
    """Least squares of y on x (and 1)."""

    n: int
    slope: float
    slope_error: float  # White's, robust to unequal variance
    r2: float
    r2_low: float  # 95 % of the block bootstrap
    r2_high: float


def r2_of(y: Floats, *columns: Floats) -> float:
    """Share of y's variance that least squares on the columns and a constant explains, adjusted for their number."""
    design = np.column_stack([np.ones(len(y)), *columns])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    spread = float(np.sum((y - y.mean()) ** 2))
    if spread == 0 or len(y) <= design.shape[1]:
        return float("nan")
    return 1 - float(residual @ residual) / (len(y) - design.shape[1]) / (spread / (len(y) - 1))


def line(x: Floats, y: Floats) -> Line:
    """Regress y on x."""
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    centred = x - x.mean()
    scale = float(centred @ centred)
    slope = float(centred @ y) / scale
    residual = y - y.mean() - slope * centred
    error = float(np.sqrt(np.sum((centred * residual) ** 2))) / scale
    low, high = np.nanquantile([r2_of(y[rows], x[rows]) for rows in blocks(len(x))], [0.025, 0.975])
    return Line(len(x), slope, error, r2_of(y, x), float(low), float(high))


def blocks(n: int) -> list[NDArray[np.intp]]:
    """Rows of each draw of a block bootstrap."""
    rng = np.random.default_rng(1)
    size = min(BLOCK, n)
    count = -(-n // size)
    starts = rng.integers(0, n - size + 1, (DRAWS, count))
    return list((starts[:, :, None] + np.arange(size)).reshape(DRAWS, -1)[:, :n])


def share_error(share: float, n: int) -> float:
    """Standard error of a share of n independent outcomes."""
    return float(np.sqrt(share * (1 - share) / n)) if n else float("nan")


def mean_ratio(top: Floats, bottom: Floats) -> tuple[float, float, float]:
    """sum(top) / sum(bottom), with the 95 % of the block bootstrap."""
    draws = [top[rows].sum() / bottom[rows].sum() for rows in blocks(len(top)) if bottom[rows].sum() > 0]
    low, high = np.quantile(draws, [0.025, 0.975]) if draws else (np.nan, np.nan)
    return float(top.sum() / bottom.sum()), float(low), float(high)
