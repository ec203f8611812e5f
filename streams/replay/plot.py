"""The picture of a backtest: price with our quotes, score, flow, and what the mid did next.

One time axis for all panels but the last. A value that was null, or whose validity was over, leaves a
hole: no line ever joins what was not measured. Two looks, one for paper and one for a dark screen,
each as PNG and SVG.
"""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")  # files only; set before pyplot would choose a window system

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from equipoise.streams.replay.looks import DARK, PAPER, Look, style
from equipoise.streams.replay.moves import HORIZONS_NS, Moves, moves
from equipoise.streams.replay.series import Floats, Ints, LiveSeries, WindowSeries, live_series, window_series

DAY_NS: Final = 86_400 * 10**9
UNUSABLE: Final = ("DEGRADED", "HALTED", "CLOSED")
NAMES: Final = {
    "DEPTH_1": "depth, best level",
    "DEPTH_10": "depth, ten levels",
    "QUEUE": "queue imbalance",
    "OFI": "order-flow imbalance",
    "CVD": "volume delta",
    "PENDING": "pending swaps",
}


def draw(folder: Path, key: str) -> list[Path]:
    """Draw VENUE:SYMBOL from a backtest's Parquet tables into its folder; returns the files written.

    Raises:
        NothingToDrawError: no live signal of it was published.
    """
    live, windows = live_series(folder, key), window_series(folder, key)
    stem = "plot-" + "".join(letter if letter.isalnum() else "-" for letter in key).lower()
    written = []
    for look in (PAPER, DARK):
        with mpl.rc_context(style(look)):
            figure = picture(live, windows, key, look)
            for kind in ("png", "svg"):
                path = folder / f"{stem}{look.name}.{kind}"
                figure.savefig(path, dpi=110)
                written.append(path)
    return written


def picture(live: LiveSeries, windows: WindowSeries, key: str, look: Look) -> Figure:
    """The whole page."""
    figure = Figure(figsize=(13, 13.5), layout="constrained")
    grid = figure.add_gridspec(6, 3, height_ratios=(3.0, 1.3, 1.1, 1.1, 1.3, 1.5))
    price = figure.add_subplot(grid[0, :])
    shared = [figure.add_subplot(grid[row, :], sharex=price) for row in range(1, 5)]
    _price(price, live, look)
    _score(shared[0], live, look)
    _bars(shared[1], windows, windows.ofi, "Order-flow imbalance at the best quotes, lots per window", look)
    _bars(shared[2], windows, windows.delta, "Volume delta: taker buys minus taker sells, lots per window", look)
    _measures(shared[3], live, look)
    for axes in (price, *shared):
        _shade(axes, live, look)
        axes.grid(axis="y", color=look.faint, alpha=0.25, linewidth=0.6)
        axes.margins(x=0.005)
    for axes in (price, *shared[:-1]):
        axes.tick_params(labelbottom=False)
    locator = AutoDateLocator(minticks=6, maxticks=12)  # type: ignore[no-untyped-call]
    shared[-1].xaxis.set_major_locator(locator)
    shared[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    shared[-1].set_xlabel("event time, UTC")
    _moves(figure, grid, moves(live), look)
    figure.suptitle(f"{key}: our quotes around the mid, and the flow behind them", x=0.012, ha="left", fontsize=14)
    return figure


def _days(stamps: Ints) -> Floats:
    """Matplotlib's days since the epoch. 1 µs exact, which is finer than a pixel."""
    days: Floats = stamps // DAY_NS + stamps % DAY_NS / DAY_NS
    return days


def _price(axes: Axes, live: LiveSeries, look: Look) -> None:
    stamps, mid = live.line(live.mid)
    _, bid = live.line(live.bid)
    _, ask = live.line(live.ask)
    days = _days(stamps)
    axes.fill_between(days, bid, mid, step="post", color=look.buy, alpha=0.18, linewidth=0)
    axes.fill_between(days, mid, ask, step="post", color=look.sell, alpha=0.18, linewidth=0)
    dense = len(days) > 20_000
    axes.plot(days, ask, color=look.sell, linewidth=0.9, drawstyle="steps-post", label="our ask", rasterized=dense)
    axes.plot(days, mid, color=look.line, linewidth=1.2, drawstyle="steps-post", label="mid", rasterized=dense)
    axes.plot(days, bid, color=look.buy, linewidth=0.9, drawstyle="steps-post", label="our bid", rasterized=dense)
    axes.set_title("Price: the band is what we quote; it widens and leans as flow becomes one-sided")
    axes.set_ylabel("price")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    lines, _ = axes.get_legend_handles_labels()
    patches = [
        Patch(facecolor=look.elevated, label="regime elevated"),
        Patch(facecolor=look.stressed, label="regime stressed"),
        Patch(facecolor=look.halt, label="regime halt"),
        Patch(
            facecolor="none", edgecolor=look.faint, hatch="////", label="degraded, halted, closed or no valid signal"
        ),
    ]
    _legend(axes, look, 7, [*lines, *patches])
    low, high = np.nanmin([*bid, np.inf]), np.nanmax([*ask, -np.inf])
    if np.isfinite(low) and np.isfinite(high):
        axes.set_ylim(low - 0.04 * (high - low), high + 0.16 * (high - low))


def _shade(axes: Axes, live: LiveSeries, look: Look) -> None:
    across = axes.get_xaxis_transform()
    for name, colour in (("ELEVATED", look.elevated), ("STRESSED", look.stressed), ("HALT", look.halt)):
        if bars := _bars_of(live.regimes().of(name)):
            axes.broken_barh(bars, (0, 1), transform=across, color=colour, alpha=0.6, linewidth=0, zorder=0)
    if bars := _bars_of([*live.statuses().of(*UNUSABLE), *live.silences()]):
        axes.broken_barh(
            bars, (0, 1), transform=across, facecolor="none", edgecolor=look.faint, hatch="////",
            linewidth=0, zorder=0.5,
        )  # fmt: skip


def _bars_of(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    days = [_days(np.array(span)) for span in spans]
    return [(float(start), float(end - start)) for start, end in days]


def _score(axes: Axes, live: LiveSeries, look: Look) -> None:
    stamps, score = live.line(live.score)
    days = _days(stamps)
    axes.fill_between(days, 0, score, where=score > 0, step="post", color=look.buy, alpha=0.75, linewidth=0)
    axes.fill_between(days, 0, score, where=score < 0, step="post", color=look.sell, alpha=0.75, linewidth=0)
    axes.axhline(0, color=look.ink, linewidth=0.7)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, 1], ["−1 sellers", "0", "+1 buyers"])
    axes.set_title("Score: all measures together, by their weights")


def _bars(axes: Axes, windows: WindowSeries, values: Floats, title: str, look: Look) -> None:
    days, ends = _days(windows.start_ns), _days(windows.end_ns)
    middle = (days + ends) / 2
    for colour, own in ((look.buy, values > 0), (look.sell, values < 0)):
        points = [[(x, 0.0), (x, y)] for x, y in zip(middle[own], values[own], strict=True)]
        axes.add_collection(LineCollection(points, colors=colour, linewidths=_width(len(values))))
    axes.axhline(0, color=look.ink, linewidth=0.7)
    axes.autoscale_view()
    biggest = float(np.nanmax(np.abs(values))) if len(values) else 0.0
    axes.set_ylim(*((-1.1 * biggest, 1.1 * biggest) if biggest else (-1, 1)))
    axes.set_title(title)


def _width(bars: int) -> float:
    """Points of a bar's line: as wide as a page of that many bars allows, never too thin to see."""
    return float(np.clip(700 / max(bars, 1), 0.5, 6.0))


def _measures(axes: Axes, live: LiveSeries, look: Look) -> None:
    dense = len(live.as_of_ns) > 20_000
    for colour, (name, values) in zip(look.series, live.components.items(), strict=False):
        stamps, points = live.line(values)
        axes.plot(
            _days(stamps), points, drawstyle="steps-post", linewidth=0.9, color=colour, label=NAMES[name],
            rasterized=dense,
        )  # fmt: skip
    axes.axhline(0, color=look.ink, linewidth=0.7)
    axes.set_ylim(-1.05, 1.45)
    axes.set_yticks([-1, 0, 1], ["−1 sellers", "0", "+1 buyers"])
    axes.set_title("What the score is made of (decayed; a hole is a value that could not be computed)")
    _legend(axes, look, 6, axes.get_legend_handles_labels()[0])


def _legend(axes: Axes, look: Look, columns: int, handles: list[Artist]) -> None:
    axes.legend(
        handles=handles, loc="upper left", ncols=columns, fontsize=8.5, columnspacing=1.2,
        frameon=True, facecolor=look.paper, edgecolor="none", framealpha=0.9,
    )  # fmt: skip


def _moves(figure: Figure, grid: Any, found: list[Moves], look: Look) -> None:
    for column, horizon in enumerate(HORIZONS_NS):
        axes = figure.add_subplot(grid[5, column])
        rows = [row for row in found if row.horizon_ns == horizon and (row.entries or row.regime != "HALT")]
        for place, row in enumerate(rows):
            _dots(axes, place, row, look)
        axes.axhline(0, color=look.ink, linewidth=0.7)
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.set_xticks(range(len(rows)), [_entered(row) for row in rows])
        axes.set_title(f"{horizon / 1e9:g} s after entering a regime")
        axes.grid(axis="y", color=look.faint, alpha=0.25, linewidth=0.6)
        if not column:
            axes.set_ylabel("mid's move, bps\n(+: where the score pointed)")


def _entered(row: Moves) -> str:
    if not row.entries:
        return f"{row.regime.lower()}\nnever entered"
    without = f"\n{row.unknown} without a mid" if row.unknown else ""
    return f"{row.regime.lower()}\n{row.entries} entries{without}"


def _dots(axes: Axes, place: int, row: Moves, look: Look) -> None:
    if not len(row.bps):
        return
    spread = (np.arange(len(row.bps)) * 0.618034 % 1 - 0.5) * 0.5  # evenly scattered, the same every time
    axes.scatter(place + spread, row.bps, s=9, color=look.faint, alpha=0.5, linewidth=0)
    mean = float(row.bps.mean())
    axes.plot([place - 0.3, place + 0.3], [mean, mean], color=look.buy if mean > 0 else look.sell, linewidth=2.5)
    axes.annotate(f"mean {mean:+.2f}", (place, mean), xytext=(0, 6), textcoords="offset points", ha="center",
                  bbox={"facecolor": look.paper, "edgecolor": "none", "alpha": 0.75, "pad": 1.0})  # fmt: skip
