"""The plain VPIN beside values that others published: what the measure is compared with is sound.

PINstimation's `hfdata` (simulated trades, GPL-3) is in its sources, https://github.com/monty-se/PINstimation: put
`data/hfdata.RData` into a folder `pinstimation` of the recorded data, or name the file in EQUIPOISE_HFDATA.
"""

import csv
import io
import math
import os
import statistics
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.measures.agreement import agree
from tests.oracles import elsewhere, vpin

MLFINPY = "mlfinpy==0.1.2"
READS_R = "rdata==1.1.0"
BARS = "mlfinpy/dataset/data/dollar_bar_sample.csv"
# Published to so many digits: what is left is their rounding.
ROUNDED = 1e-4


@pytest.fixture(scope="module")
def dollar_bars() -> tuple[list[float], list[float]]:
    """Close and volume of the thousand bars that mlfinpy ships."""
    with zipfile.ZipFile(elsewhere.wheel_or_skip(MLFINPY)).open(BARS) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file)))
    return [float(row["close"]) for row in rows], [float(row["cum_vol"]) for row in rows]


@pytest.mark.parametrize(("n", "published"), [(1, [0.9999, 0.5011, 0.5541]), (20, [0.6812, 0.5001, 0.4638])])
def test_mlfinpys_values(dollar_bars, n: int, published: list[float]) -> None:
    """Largest, mean, and one value (bar 25 of n = 1, bar 45 of n = 20)."""
    found = vpin.mlfinpy(*dollar_bars, n)
    known = [value for value in found if not math.isnan(value)]
    ours = [max(known), sum(known) / len(known), found[25 if n == 1 else 45]]
    agree("vpin", "published values of mlfinpy 0.1.2 (4 digits), by plain loops with its habits", ours, published, 2e-4)


def test_mlfinpys_kyle_is_another_figure(dollar_bars) -> None:
    """Its `kyle lambda` of bars is the mean of |dP| / V over 20 bars, no slope: the plain formula gives its values.

    So it is Amihud's kind of figure, in prices; our slope is held to orderflow-metrics instead.
    """
    prices, volumes = dollar_bars
    ratios = [
        abs(price - before) / volume for (before, price), volume in zip(pairwise(prices), volumes[1:], strict=True)
    ]
    means = [statistics.fmean(ratios[k - 20 : k]) for k in range(20, len(ratios) + 1)]
    published = [1.634e-4, 7.020e-5, 7.762e-5]  # largest, mean, that of bar 25
    agree(
        "kyle",
        "published bar-based lambda of mlfinpy 0.1.2 (4 digits): mean of |dP| / V, not the slope; by its formula",
        [max(means), statistics.fmean(means), means[25 - 20]],
        published,
        2e-4,
    )


def hfdata(folder: Path) -> list[tuple[float, float, float]]:
    """PINstimation's trades: seconds, price, volume."""
    path = Path(os.environ.get("EQUIPOISE_HFDATA", folder / "pinstimation" / "hfdata.RData"))
    if not path.is_file():
        pytest.skip(f"{path}: no such file; see {__name__}")
    python = elsewhere.or_skip(READS_R)
    script = (
        "import sys, warnings, rdata; warnings.simplefilter('ignore'); "
        "rdata.read_rda(sys.argv[1])['hfdata'].to_csv(sys.stdout, index=False)"
    )
    done = subprocess.run([python, "-I", "-c", script, path], capture_output=True, text=True, check=True)
    rows = csv.DictReader(io.StringIO(done.stdout))
    return [(float(row["timestamp"]), float(row["price"]), float(row["volume"])) for row in rows]


@pytest.mark.recorded
def test_pinstimations_values(shared_data: Path) -> None:
    """`vpin(hfdata, 300, 50, 250)`: bucket size, buckets, least, median, mean and largest VPIN."""
    size, full, found = vpin.pinstimation(hfdata(shared_data), 300, 50, 250)
    assert full == 3450
    agree("vpin", "bucket size of PINstimation 0.2.0 on its hfdata", size, 4058.95594203, 1e-11)
    ours = [min(found), statistics.median(found), statistics.fmean(found), max(found)]
    agree(
        "vpin",
        "published values of PINstimation 0.2.0 on its hfdata (5 digits), by plain loops with its habits",
        ours,
        [0.19154, 0.26102, 0.26757, 0.41149],
        ROUNDED,
    )
