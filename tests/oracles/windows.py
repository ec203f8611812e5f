"""Published windows beside the plain computation of the same windows."""

from pathlib import Path

import polars as pl

from tests.oracles.flow import ofi_per_window, volume_per_window
from tests.oracles.tape import Tape

OURS = {"ofi": "ofi", "ofi_gross": "ofi_gross", "buy_volume": "buy", "sell_volume": "sell", "unknown_volume": "unknown"}


def last_revisions(folder: Path) -> pl.DataFrame:
    """The windows table of a backtest, each window in its last revision, by start."""
    table = pl.read_parquet(folder / "windows.parquet").sort("start_ns", "revision")
    return table.group_by("start_ns", maintain_order=True).last()


def beside(folder: Path, tape: Tape) -> pl.DataFrame:
    """One row a closed window: ours (`ofi`, …) and the plain figures (`ofi_plain`, …).

    Windows that had not closed when the recording ended are left out: nothing was published for them.
    """
    ours = last_revisions(folder)
    plain = ofi_per_window(tape.quote_frame()).join(
        volume_per_window(tape.trade_frame()), on="start_ns", how="full", coalesce=True
    )
    closed = plain.filter(pl.col("start_ns") <= ours["start_ns"].max())
    joined = ours.join(closed, on="start_ns", how="full", coalesce=True, suffix="_plain").sort("start_ns")
    names = {name: (f"{other}_plain" if other == name else other) for name, other in OURS.items()}
    return joined.select(
        "start_ns",
        *[pl.col(name).fill_null(0) for name in names],
        *[pl.col(other).fill_null(0).alias(f"{name}_plain") for name, other in names.items()],
        trades=pl.col("trades").fill_null(0),
        trades_plain=pl.col("trades_plain").fill_null(0),
    )


def differing(windows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The windows in which a figure is not what the plain computation gives."""
    return windows.filter(pl.col(name) != pl.col(f"{name}_plain"))
