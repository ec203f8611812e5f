"""hftbacktest's own book of a Binance recording, run by a Python that has the package and nothing of ours.

usage: python hftbacktest_replay.py RECORDING.gz TICK LOT OUT.npy

OUT gets one row for each stamp of the recorder, i8 of shape (n, 5): stamp (ns), best bid (ticks), its size (lots),
best ask, its size. Sizes are 0 where hftbacktest has no such side. Its own converter reads the file.
"""

import gzip
import sys
from typing import Any

import numpy as np
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.data.utils import binancefutures
from numba import njit

ROWS = 4_000_000  # room for the converter; these recordings need half a million
FOR_EVER = 10**18


@njit
def drive(hbt: Any, lot: float, out: Any) -> int:
    """Step from one stamp to the next and note the best quotes; returns how many there were."""
    n = 0
    while hbt.wait_next_feed(False, FOR_EVER) in (0, 2):
        depth = hbt.depth(0)
        out[n, 0] = hbt.current_timestamp
        out[n, 1] = depth.best_bid_tick
        out[n, 2] = round(depth.best_bid_qty / lot) if depth.best_bid_qty > 0 else 0
        out[n, 3] = depth.best_ask_tick
        out[n, 4] = round(depth.best_ask_qty / lot) if depth.best_ask_qty > 0 else 0
        n += 1
    return n


def first_stamp(path: str) -> int:
    """Stamp of the first line that the converter uses."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if '"bookTicker"' not in line:
                return int(line.split(" ", 1)[0])
    raise SystemExit(f"{path}: no line that hftbacktest reads")


def main(path: str, tick: str, lot: str, out: str) -> None:
    """Convert, replay, write."""
    data = binancefutures.convert(path, buffer_size=ROWS)
    local = data["local_ts"][data["ev"] & (1 << 30) != 0]
    shift = int(local.min()) - first_stamp(path)  # the converter moves the recorder's clock ahead of the venue's
    asset = BacktestAsset().data([data]).tick_size(float(tick)).lot_size(float(lot)).linear_asset(1.0)
    asset = asset.constant_order_latency(0, 0).risk_adverse_queue_model().no_partial_fill_exchange()
    asset = asset.trading_value_fee_model(0.0, 0.0)
    rows = np.zeros((len(local), 5), np.int64)
    n = drive(HashMapMarketDepthBacktest([asset]), float(lot), rows)
    rows[:, 0] -= shift
    np.save(out, rows[:n])


if __name__ == "__main__":
    main(*sys.argv[1:])
