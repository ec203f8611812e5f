"""hftbacktest's book of the Binance recordings, beside a rebuilt one: stamp by stamp, and why where they differ.

It runs in an environment of its own (`elsewhere`); `hftbacktest_replay.py` is what runs there.
"""

import gzip
import json
import subprocess
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.oracles import binance, compare
from tests.oracles.tape import units

REQUIREMENT = "hftbacktest==2.4.4"
BEFORE_SNAPSHOT = "before the snapshot, where ours calls no book complete"
OLDER_SNAPSHOT = "the snapshot's size over a newer one: hftbacktest does not look at update ids"


def book(python: Path, path: Path, contract: binance.Contract) -> pl.DataFrame:
    """hftbacktest's best quotes after each record that it reads; of records with one stamp only the last."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "best.npy"
        script = Path(__file__).with_name("hftbacktest_replay.py")
        command = [python, "-I", script, path, contract.tick, contract.lot, out]
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"hftbacktest ended with {run.returncode}: {run.stderr[-1000:]}")
        rows = pl.DataFrame(np.load(out), schema=["stamp", *compare.BEST], orient="row")
    rows = rows.with_columns(
        bid_px=pl.when(pl.col("bid_qty") > 0).then("bid_px"), ask_px=pl.when(pl.col("ask_qty") > 0).then("ask_px")
    )
    with gzip.open(path, "rt") as lines:
        stamps = [int(line.split(" ", 1)[0]) for line in lines]
    last = pl.DataFrame({"stamp": stamps}).with_row_index("record").group_by("stamp").agg(pl.col("record").max())
    return rows.join(last.with_columns(pl.col("record").cast(pl.Int64)), on="stamp", how="left").drop("stamp")


def beside(rebuilt: pl.DataFrame, theirs: pl.DataFrame, path: Path, contract: binance.Contract) -> compare.Causes:
    """How many of hftbacktest's rows the rebuilt book equals, and how many differ by which cause."""
    joined = compare.at_or_before(theirs, rebuilt)
    recorded = _recorded(path, contract)
    causes: Counter[str] = Counter({compare.AGREE: 0, compare.UNEXPLAINED: 0})
    for row, equal in zip(joined.rows(named=True), compare.agrees(joined), strict=True):
        causes[compare.AGREE if equal else recorded.cause(row)] += 1
    return dict(causes)


@lru_cache(1)
def _recorded(path: Path, contract: binance.Contract) -> "_Recorded":
    return _Recorded(path, contract)


class _Recorded:
    """What the recording says of the levels around its snapshot."""

    def __init__(self, path: Path, contract: binance.Contract) -> None:
        self.snapshot = -1  # its record
        self._changes: dict[tuple[int, int], list[tuple[int, int, int]]] = {}  # level -> record, update id, size
        with gzip.open(path, "rt") as lines:
            for record, line in enumerate(lines):
                if "lastUpdateId" in line:
                    self.snapshot, self._update = record, json.loads(line.split(" ", 1)[1])["lastUpdateId"]
                elif "depthUpdate" in line:
                    data = json.loads(line.split(" ", 1)[1])["data"]
                    for level, size in _sizes(data, contract):
                        self._changes.setdefault(level, []).append((record, data["u"], size))

    def cause(self, row: dict[str, Any]) -> str:
        """Why the two differ after `record`; each side that does needs a cause of its own."""
        if row["record"] < self.snapshot:
            return BEFORE_SNAPSHOT
        for side, price, size in ((1, "bid_px", "bid_qty"), (-1, "ask_px", "ask_qty")):
            ours = row[price + "_book"], row[size + "_book"]
            if (row[price], row[size]) != ours and not self._newer(side, ours, row["record"]):
                return compare.UNEXPLAINED
        return OLDER_SNAPSHOT

    def _newer(self, side: int, best: tuple[int | None, int], record: int) -> bool:
        """Whether a diff newer than the snapshot, but recorded before it, is the last word on our best level."""
        said = self._changes.get((side, best[0] or 0), [])
        last = bisect_right(said, record, key=lambda change: change[0]) - 1
        if last < 0:
            return False
        at, update, size = said[last]
        return at < self.snapshot and update > self._update and size == best[1]


def _sizes(data: dict[str, Any], contract: binance.Contract) -> Iterator[tuple[tuple[int, int], int]]:
    for side, name in ((1, "b"), (-1, "a")):
        for price, size in data[name]:
            yield (side, units(price, contract.tick)), units(size, contract.lot)
