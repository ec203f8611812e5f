"""Order-flow imbalance and signed volume per window, in plain polars.

OFI is Cont, Kukanov and Stoikov 2014: e = 1[Pb>=Pb']qb - 1[Pb<=Pb']qb' - 1[Pa<=Pa']qa + 1[Pa>=Pa']qa',
where ' marks the quote before. A missing side has size 0 and price -inf (bid) or +inf (ask).
"""

import polars as pl

NO_BID, NO_ASK = -(2**62), 2**62


def ofi_events(quotes: pl.DataFrame) -> pl.DataFrame:
    """One row a quote after the first, with `ofi`: columns record, event_ns, ofi."""
    bid, ask = pl.col("bid_px").fill_null(NO_BID), pl.col("ask_px").fill_null(NO_ASK)
    frame = quotes.with_columns(pb=bid, pa=ask).with_columns(
        pl.col("pb", "pa", "bid_qty", "ask_qty").shift(1).name.suffix("_before")
    )
    terms = (
        pl.when(pl.col("pb") >= pl.col("pb_before")).then("bid_qty").otherwise(0)
        - pl.when(pl.col("pb") <= pl.col("pb_before")).then("bid_qty_before").otherwise(0)
        - pl.when(pl.col("pa") <= pl.col("pa_before")).then("ask_qty").otherwise(0)
        + pl.when(pl.col("pa") >= pl.col("pa_before")).then("ask_qty_before").otherwise(0)
    )
    return frame.with_columns(ofi=terms).slice(1).select("record", "event_ns", "ofi")


def ofi_per_window(quotes: pl.DataFrame, window_ns: int = 10**9) -> pl.DataFrame:
    """Columns start_ns, ofi, ofi_gross (sum of magnitudes), in lots; windows without a quote are absent."""
    return (
        ofi_events(quotes)
        .group_by(start_ns=pl.col("event_ns") // window_ns * window_ns)
        .agg(ofi=pl.col("ofi").sum(), ofi_gross=pl.col("ofi").abs().sum())
        .sort("start_ns")
    )


def volume_per_window(trades: pl.DataFrame, window_ns: int = 10**9) -> pl.DataFrame:
    """Columns start_ns, trades, buy, sell, unknown (lots); windows without a trade are absent."""
    volume = pl.col("quantity")
    return (
        trades.group_by(start_ns=pl.col("event_ns") // window_ns * window_ns)
        .agg(
            trades=pl.len().cast(pl.Int64),
            buy=volume.filter(pl.col("sign") > 0).sum(),
            sell=volume.filter(pl.col("sign") < 0).sum(),
            unknown=volume.filter(pl.col("sign") == 0).sum(),
        )
        .sort("start_ns")
    )
