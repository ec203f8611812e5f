"""The page docs/findings.md, recomputed from the recordings.

usage: python -m benchmarks.findings FOLDER_OF_RECORDED_DATA > docs/findings.md
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.findings import statistics
from benchmarks.findings.runs import WINDOW_NS, Floats, Run, run
from tests.replay.recorded import RECORDED

# Recordings whose book is rebuilt; AMZN's is one level of answers, fit for OFI and queues all the same.
NAMES = ("usdm-btcusdt", "usdm-ethusdt", "cm-btcusd_perp", "cm-ethusd_perp", "amzn", "aapl", "arl", "bitstamp")
# Buckets of VPIN that these short recordings can fill, and micro-price tables within them.
VPIN_LOTS = {"usdm-btcusdt": 10_000, "usdm-ethusdt": 100_000, "cm-btcusd_perp": 500, "cm-ethusd_perp": 500,
             "amzn": 3_000, "aapl": 500, "arl": 50, "bitstamp": 100_000_000}  # fmt: skip
SPANS = (10, 100)  # windows: 1 s and 10 s
HEAD = """\
# The papers' own findings, on the recordings

Every measure on, windows of 100 ms; numbers are as they came, whether they flatter or not. The recordings are few, and
minutes to one session long, so the ranges matter more than the points: they hold 95 % of a bootstrap in blocks of ten
observations. Nothing was fitted to the answers: what learns (the link, the micro-price) learns from the past only.

Written by `python -m benchmarks.findings FOLDER > docs/findings.md`; the recordings are not part of this repository.
"""

FLOW = """\

## Order-flow imbalance and the move of the mid over the same interval

Cont, Kukanov, Stoikov (2014) regress the move in ticks on OFI over 10 s for 50 stocks of the S&P 500, and find
a mean R² of 65 % and a slope near 1 / (2 × depth). The last column adds ranks 2 to 10 (Xu, Gould, Howison
2018)."""
QUEUES = """\

## Queue imbalance and the sign of the next move

Gould, Bonart (2016): the next move tends to the heavier queue, more so where the tick is large. At each 100 ms:
Brier's score of the P(up) that the online link gave before, beside 0.25, that of a coin; and the share of next
moves up by that P (its mean in brackets). Instants before one move are not independent: errors count moves. The
link gives each interval between two moves the same weight; instants favour the long ones."""
MICRO = """\

## Micro-price and mid as predictors of the mid

Stoikov (2018): the micro-price predicts better than the mid. Mean squared error of mid + adjustment over that
of the mid, from each 100 ms at which there was a table; below 1 the micro-price is better. Its spreads are 1,
2, and 3 or more ticks: where the usual spread is tens of ticks that is too coarse, and it shows."""
TOXICITY = """\

## VPIN's distribution around the recorded moves

Easley, López de Prado, O'Hara (2012) read VPIN by its empirical CDF, high before large moves. A move is large
here if the mid's next 10 s are among the largest twentieth of the recording; those less than 10 s apart count
once. Andersen, Bondarenko (2014) find nothing beyond volume and volatility: the last two columns. Buckets are
small, so that minutes fill some."""


def table(*columns: str) -> list[str]:
    """Head of a table."""
    return ["", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]


def cells(*values: object) -> str:
    """A row."""
    return "| " + " | ".join(map(str, values)) + " |"


def sums(values: Floats, span: int) -> Floats:
    """Of consecutive groups of `span` windows."""
    whole = len(values) // span * span
    return values[:whole].reshape(-1, span).sum(axis=1)


def ahead(one: Run, span: int) -> Floats:
    """Move of the mid in the next `span` windows, ticks."""
    move = np.full(len(one.mid), np.nan)
    move[:-span] = one.mid[span:] - one.mid[:-span]
    return move


def flow(runs: dict[str, Run]) -> list[str]:
    """OFI against the move of the mid over the same interval."""
    lines = [
        FLOW,
        *table("recording", "interval", "intervals", "slope, ticks a lot (± error)", "1 / (2 × mean depth)", "R²",
               "95 %", "adjusted R² of ten ranks"),
    ]  # fmt: skip
    for name, one in runs.items():
        for span in SPANS:
            move = sums(np.diff(one.mid, prepend=one.mid[0]), span)
            x = sums(one.ofi, span)
            found = statistics.line(x, move)
            if found.n < 30 or not np.any(move[~np.isnan(move)]):
                lines.append(cells(RECORDED[name].title, seconds(span), found.n, *["too few"] * 5))
                continue
            ranks = [sums(np.nan_to_num(one.measures[f"ofi_level_{k}"]), span) for k in range(1, 11)]
            known = ~np.isnan(move)
            several = statistics.r2_of(move[known], *[column[known] for column in ranks])
            lines.append(cells(
                RECORDED[name].title, seconds(span), f"{found.n:,}", f"{found.slope:.2e} ± {found.slope_error:.0e}",
                f"{1 / (2 * np.nanmean(one.depth)):.2e}", percent(found.r2),
                f"{percent(found.r2_low)} to {percent(found.r2_high)}",
                percent(several) if np.any(ranks[1]) else "one level recorded",
            ))  # fmt: skip
    return lines


def next_move(one: Run) -> Floats:
    """+1 or -1: which way the mid moves next after each window; NaN where it moves no more."""
    change = np.append(np.diff(one.mid), np.nan)
    signs = np.where(np.nan_to_num(change) != 0, np.sign(change), np.nan)
    return held_back(signs)


def held_back(values: Floats) -> Floats:
    """Each value, or the first one after it that is not NaN."""
    index = np.where(np.isnan(values), len(values) - 1, np.arange(len(values)))
    return values[np.minimum.accumulate(index[::-1])[::-1]]


def queues(runs: dict[str, Run]) -> list[str]:
    """Reliability of the link, and the imbalance by itself."""
    lines = [
        QUEUES,
        *table("recording", "mean spread, ticks", "moves", "slope at the end", "Brier", "95 %",
               "share up where P(up) < 40 %", "40 to 60 %", "above 60 %"),
    ]  # fmt: skip
    for name, one in runs.items():
        p, up = (one.measures["queue_move_lean"] + 1) / 2, next_move(one)
        known = ~(np.isnan(p) | np.isnan(up) | np.isnan(one.spread))
        moves = int(np.count_nonzero(np.diff(one.mid[~np.isnan(one.mid)])))
        if moves < 30 or known.sum() < 100:
            lines.append(cells(RECORDED[name].title, "", moves, *["too few"] * 6))
            continue
        p, up = p[known], (up[known] + 1) / 2
        score, low, high = statistics.mean_ratio((p - up) ** 2, np.ones(len(p)))
        shares = []
        for least, most in ((0, 0.4), (0.4, 0.6), (0.6, 1.01)):
            inside = (p >= least) & (p < most)
            share = float(up[inside].mean()) if inside.any() else np.nan
            of_moves = max(1, round(moves * inside.mean()))
            shares.append(
                f"{percent(share)} ± {percent(statistics.share_error(share, of_moves))} (P {percent(p[inside].mean())})"
                if inside.sum() >= 20 else "–"
            )  # fmt: skip
        lines.append(cells(
            RECORDED[name].title, f"{np.nanmean(one.spread):.1f}", f"{moves:,}",
            f"{held_last(one.measures['queue_move_slope']):.2f}", f"{score:.3f}", f"{low:.3f} to {high:.3f}", *shares,
        ))  # fmt: skip
    return lines


def held_last(values: Floats) -> float:
    """The last value that is not NaN."""
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else float("nan")


def micro(runs: dict[str, Run]) -> list[str]:
    """The micro-price and the mid as predictors of the mid."""
    lines = [
        MICRO,
        *table("recording", "tables", "instants", "0.1 s ahead", "1 s ahead", "10 s ahead"),
    ]  # fmt: skip
    for name, one in runs.items():
        adjustment = one.measures["micro_price_adjustment"]
        row = []
        for span in (1, *SPANS):
            move = ahead(one, span)
            known = ~(np.isnan(move) | np.isnan(adjustment) | np.isnan(one.spread))
            if known.sum() < 300 or not move[known].any():
                row.append("too few")
                continue
            found = statistics.mean_ratio((move[known] - adjustment[known]) ** 2, move[known] ** 2)
            row.append(f"{found[0]:.3f} ({found[1]:.3f} to {found[2]:.3f})")
        count = int((~np.isnan(adjustment)).sum())
        tables = held_last(one.measures["micro_price_tables"])
        lines.append(cells(RECORDED[name].title, f"{tables:.0f}", f"{count:,}", *row))
    return lines


def toxicity(runs: dict[str, Run]) -> list[str]:
    """VPIN's CDF before large moves and otherwise."""
    lines = [
        TOXICITY,
        *table("recording", "V, lots", "large moves", "CDF of true VPIN: before", "otherwise", "of bulk VPIN: before",
               "otherwise", "volume: before / otherwise", "volatility: before / otherwise"),
    ]  # fmt: skip
    for name, one in runs.items():
        size = np.abs(ahead(one, 100))
        known = ~(np.isnan(size) | np.isnan(one.measures["vpin_true_cdf"]))
        if known.sum() < 500 or not size[known].any():
            lines.append(cells(RECORDED[name].title, f"{VPIN_LOTS[name]:,}", *["too few"] * 7))
            continue
        large = known & (size > np.quantile(size[known], 0.95))
        apart = int(np.count_nonzero(np.diff(np.flatnonzero(large)) > 100) + 1)
        row: list[object] = []
        for measure in ("vpin_true_cdf", "vpin_bulk_cdf"):
            values = one.measures[measure]
            row += [f"{np.nanmean(values[large]):.2f}", f"{np.nanmean(values[known & ~large]):.2f}"]
        for measure in ("vpin_volume", "vpin_volatility"):
            values = one.measures[measure]
            row.append(f"{np.nanmean(values[large]) / np.nanmean(values[known & ~large]):.2f}")
        lines.append(cells(RECORDED[name].title, f"{VPIN_LOTS[name]:,}", f"{apart} apart", *row))
    return lines


def seconds(span: int) -> str:
    """Of a number of windows."""
    return f"{span * WINDOW_NS / 1e9:g} s"


def percent(share: float) -> str:
    """A share as text."""
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"


def page(data: Path) -> str:
    """The whole page."""
    runs = {}
    for name in NAMES:
        vpin = {"bucket_lots": VPIN_LOTS[name], "buckets": 20, "bar_ms": 1000}
        runs[name] = run(RECORDED[name], data, vpin=vpin, micro_price={"refresh_s": 20.0})
    return HEAD + "\n".join([*flow(runs), *queues(runs), *micro(runs), *toxicity(runs)]) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(__doc__)
    sys.stdout.write(page(Path(sys.argv[1])))
