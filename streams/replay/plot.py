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
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from equipoise.streams.replay.bins import edges, means, shares, sums
from equipoise.streams.replay.looks import DARK, PAPER, Look, style
from equipoise.streams.replay.moves import moves
from equipoise.streams.replay.plot_moves import draw_moves
from equipoise.streams.replay.series import Floats, Ints, LiveSeries, WindowSeries, live_series, window_series

DAY_NS: Final = 86_400 * 10**9
UNUSABLE_STATUSES: Final = ("DEGRADED", "HALTED", "CLOSED")
UNUSABLE, WARMING = "////", "...."  # hatches
MANY_POINTS: Final = 6_000  # beyond it a page shows means
MANY_SPANS: Final = 150  # beyond it bands behind the lines would hide them; the strip shows them
BARS: Final = 450
NAMES: Final = {
    "DEPTH_1": "depth, best level",
    "DEPTH_10": "depth, ten levels",
    "QUEUE": "queue imbalance",
    "OFI": "order-flow imbalance",
    "CVD": "volume delta",
    "PENDING": "pending swaps",
}


class View:
    """One page's worth of the series: as they are, or as means where there are more points than pixels."""

    def __init__(self, live: LiveSeries, windows: WindowSeries) -> None:
        self.live, self.windows = live, windows
        self.cuts = edges(int(live.as_of_ns[0]), int(live.valid_until_ns[-1]))
        spans = len(live.regimes().name) + len(live.statuses().name) + len(live.silences())
        self.crowded = spans > MANY_SPANS
        self.dense = self.crowded or len(live.as_of_ns) > MANY_POINTS

    @property
    def averaged(self) -> str:
        """What a title adds where points are means."""
        return f" (mean of {_span(int(self.cuts[1] - self.cuts[0]))})" if self.dense else ""

    def line(self, values: Floats) -> tuple[Floats, Floats]:
        """Points of a stepped line in days and its own units, NaN where it must not be drawn."""
        stamps, points = self.live.line(values)
        if not self.dense:
            return in_days(stamps), points
        return in_days(self.cuts[:-1]), means(stamps, points, self.cuts)

    def bars(self, values: Floats) -> tuple[Ints, Floats]:
        """Edges and heights of bars: a window each, or sums over several where there are too many."""
        starts = self.windows.start_ns
        if not len(starts):
            return self.cuts[[0, -1]], np.zeros(1)
        width = int(self.windows.end_ns[0] - starts[0])
        bars = (int(starts[-1]) - int(starts[0])) // width + 1
        width *= -(-bars // BARS)
        cuts = np.arange(int(starts[0]), int(starts[-1]) + width + 1, width)
        return cuts, sums(self.windows, values, cuts)


def draw(folder: Path, key: str) -> list[Path]:
    """Draw VENUE:SYMBOL from a backtest's Parquet tables into its folder; returns the files written.

    Raises:
        NothingToDrawError: no live signal of it was published.
    """
    live, windows = live_series(folder, key), window_series(folder, key)
    written = []
    for look in (PAPER, DARK):
        with mpl.rc_context(style(look)):
            figure = picture(live, windows, key, look)
            for kind in ("png", "svg"):
                path = folder / f"{stem(key)}{look.name}.{kind}"
                figure.savefig(path, dpi=110)
                written.append(path)
    return written


def stem(key: str) -> str:
    """How the files of VENUE:SYMBOL begin."""
    return "plot-" + "".join(letter if letter.isalnum() else "-" for letter in key).lower()


def picture(live: LiveSeries, windows: WindowSeries, key: str, look: Look) -> Figure:
    """The whole page."""
    view = View(live, windows)
    rows = len(live.components)
    figure = Figure(figsize=(13, 12.4 + 0.75 * rows), layout="constrained")
    grid = figure.add_gridspec(6 + rows, 3, height_ratios=(3.0, 0.45, 1.2, *(rows * [0.6]), 1.0, 1.0, 1.5))
    price = figure.add_subplot(grid[0, :])
    shared = [figure.add_subplot(grid[row, :], sharex=price) for row in range(1, 5 + rows)]
    _price(price, view, look)
    _states(shared[0], view, look)
    _score(shared[1], view, look)
    for axes, (name, values) in zip(shared[2:], live.components.items(), strict=False):
        _measure(axes, view, values, NAMES.get(name, name), look)
    _bars(shared[-2], view, windows.ofi, "Order-flow imbalance at the best quotes, lots", look)
    _bars(shared[-1], view, windows.delta, "Volume delta: taker buys minus taker sells, lots", look)
    for axes in (price, *shared[1:]):
        _shade(axes, view, look)
        axes.grid(axis="y", color=look.faint, alpha=0.25, linewidth=0.6)
    for axes in (price, *shared[:-1]):
        axes.tick_params(labelbottom=False)
    name_time(price, shared[-1], view)
    draw_moves(figure, grid, moves(live), look)
    figure.suptitle(f"{key}: our quotes around the mid, and the flow behind them", x=0.012, ha="left", fontsize=14)
    return figure


def name_time(first: Axes, last: Axes, view: View) -> None:
    """The time axis, its dates in the label: a date beside one tick would seem to be that of all."""
    first.set_xlim(*in_days(view.cuts[[0, -1]]))
    locator = AutoDateLocator(minticks=4, maxticks=14)  # type: ignore[no-untyped-call]
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    days = list(
        dict.fromkeys(str(np.datetime64(int(stamp), "ns").astype("datetime64[D]")) for stamp in view.cuts[[0, -1]])
    )
    last.set_xlabel(f"event time, UTC, {' to '.join(days)}")


def in_days(stamps: Ints) -> Floats:
    """Matplotlib's days since the epoch, for its axes. 1 µs exact, which is finer than a pixel."""
    days: Floats = stamps // DAY_NS + stamps % DAY_NS / DAY_NS
    return days


def _price(axes: Axes, view: View, look: Look) -> None:
    days, mid = view.line(view.live.mid)
    _, bid = view.line(view.live.bid)
    _, ask = view.line(view.live.ask)
    axes.fill_between(days, bid, mid, step="post", color=look.buy, alpha=0.18, linewidth=0)
    axes.fill_between(days, mid, ask, step="post", color=look.sell, alpha=0.18, linewidth=0)
    axes.plot(days, ask, color=look.sell, linewidth=0.9, drawstyle="steps-post", label="our ask")
    axes.plot(days, mid, color=look.line, linewidth=1.2, drawstyle="steps-post", label="mid")
    axes.plot(days, bid, color=look.buy, linewidth=0.9, drawstyle="steps-post", label="our bid")
    axes.set_title(f"Price: the band is what we quote; it widens and leans as flow becomes one-sided{view.averaged}")
    axes.set_ylabel("price")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    lines, _ = axes.get_legend_handles_labels()
    _legend(axes, look, [*lines, *_patches(look)])
    low, high = np.nanmin([*bid, np.inf]), np.nanmax([*ask, -np.inf])
    if np.isfinite(low) and np.isfinite(high):
        axes.set_ylim(low - 0.04 * (high - low), high + 0.16 * (high - low))


def _patches(look: Look) -> list[Artist]:
    named = ("elevated", look.elevated), ("stressed", look.stressed), ("halt", look.halt)
    return [
        *(Patch(facecolor=colour, label=f"regime {name}") for name, colour in named),
        Patch(facecolor="none", edgecolor=look.faint, hatch=WARMING, label="warming up"),
        Patch(facecolor="none", edgecolor=look.faint, hatch=UNUSABLE, label="degraded, halted or no valid signal"),
    ]


def _states(axes: Axes, view: View, look: Look) -> None:
    """How the time was spent: the same bands as a strip, which also shows what is too short for the others."""
    days = in_days(view.cuts)
    live, regimes = view.live, view.live.regimes()
    low = np.zeros(len(days) - 1)
    for name, colour in (("ELEVATED", look.elevated), ("STRESSED", look.stressed), ("HALT", look.halt)):
        low = _stack(axes, days, low, shares(regimes.of(name), view.cuts), facecolor=colour)
    top = np.ones(len(low))
    unusable = shares([*live.statuses().of(*UNUSABLE_STATUSES), *live.silences()], view.cuts)
    warming = shares(live.statuses().of("WARMING"), view.cuts)
    _stack(axes, days, top - unusable, unusable, facecolor="none", edgecolor=to_rgba(look.faint, 0.5), hatch=UNUSABLE)
    _stack(
        axes,
        days,
        top - unusable - warming,
        warming,
        facecolor="none",
        edgecolor=to_rgba(look.faint, 0.5),
        hatch=WARMING,
    )
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1], ["0", "100 %"])
    axes.set_title("How the time was spent: regimes from below, time without a usable signal from above")


def _stack(axes: Axes, days: Floats, low: Floats, part: Floats, **style: Any) -> Floats:
    if part.any():
        axes.stairs(low + part, days, baseline=low, fill=True, linewidth=0, **style)
    return low + part


def _shade(axes: Axes, view: View, look: Look) -> None:
    if view.crowded:
        return
    across, live = axes.get_xaxis_transform(), view.live
    for name, colour in (("ELEVATED", look.elevated), ("STRESSED", look.stressed), ("HALT", look.halt)):
        if bars := _bars_of(live.regimes().of(name)):
            axes.broken_barh(bars, (0, 1), transform=across, color=colour, alpha=0.6, linewidth=0, zorder=0)
    unusable = [*live.statuses().of(*UNUSABLE_STATUSES), *live.silences()]
    for hatch, spans in ((UNUSABLE, unusable), (WARMING, live.statuses().of("WARMING"))):
        if bars := _bars_of(spans):
            axes.broken_barh(
                bars, (0, 1), transform=across, facecolor="none", edgecolor=to_rgba(look.faint, 0.5), hatch=hatch,
                linewidth=0, zorder=0.5,
            )  # fmt: skip


def _bars_of(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    days = [in_days(np.array(span)) for span in spans]
    return [(float(start), float(end - start)) for start, end in days]


def _score(axes: Axes, view: View, look: Look) -> None:
    days, score = view.line(view.live.score)
    draw_signed(axes, days, score, look, 0.75)
    draw_sides(axes, look, 1.05)
    title = "Score: the measures below it together, by their weights; a hole is a value that could not be computed"
    axes.set_title(f"{title}{view.averaged}")


def draw_signed(axes: Axes, days: Floats, values: Floats, look: Look, alpha: float) -> None:
    """Fill what lies above 0 as buying and what lies below as selling, each value up to the next point."""
    gap = np.flatnonzero(np.isnan(values[1:]) & ~np.isnan(values[:-1])) + 1  # before one, a step would have no width
    days, values = np.insert(days, gap, days[gap]), np.insert(values, gap, values[gap - 1])
    for colour, half in ((look.buy, np.maximum(values, 0)), (look.sell, np.minimum(values, 0))):
        axes.fill_between(days, 0, half, step="post", color=colour, alpha=alpha, linewidth=0)


def draw_sides(axes: Axes, look: Look, top: float) -> None:
    """An axis from sellers to buyers."""
    axes.axhline(0, color=look.ink, linewidth=0.7)
    axes.set_ylim(-1.05, top)
    axes.set_yticks([-1, 0, 1], ["−1 sellers", "0", "+1 buyers"])


def _bars(axes: Axes, view: View, values: Floats, title: str, look: Look) -> None:
    cuts, heights = view.bars(values)
    days = in_days(cuts)
    for colour, own in ((look.buy, heights > 0), (look.sell, heights < 0)):
        axes.stairs(np.where(own, heights, 0.0), days, fill=True, color=colour, linewidth=0)
    axes.axhline(0, color=look.ink, linewidth=0.7)
    sizes = np.abs(heights[heights != 0])
    biggest = float(sizes.max()) if len(sizes) else 1.0
    usual = float(np.quantile(sizes, 0.99)) if len(sizes) else 1.0
    limit, beyond = (usual * 1.3, int((sizes > usual * 1.3).sum())) if biggest > 3 * usual else (biggest * 1.1, 0)
    axes.set_ylim(-limit, limit)
    axes.yaxis.set_major_formatter(FuncFormatter(short_number))
    if not len(sizes):
        axes.text(0.5, 0.75, "none known", transform=axes.transAxes, ha="center", va="center")
    cut = f"; {beyond} bars go beyond, to ±{short_number(biggest)}" if beyond else ""
    axes.set_title(f"{title} per {_span(int(cuts[1] - cuts[0]))}{cut}")


def short_number(value: float, _place: int | None = None) -> str:
    """A number with k, M or bn; also a formatter of ticks."""
    for unit, word in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{word}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def _span(ns: int) -> str:
    return f"{ns / 60e9:.3g} min" if ns >= 60e9 else f"{ns / 1e9:.3g} s"


def _measure(axes: Axes, view: View, values: Floats, name: str, look: Look) -> None:
    days, points = view.line(values)
    draw_signed(axes, days, points, look, 0.4)
    axes.plot(days, points, drawstyle="steps-post", linewidth=0.7, color=look.ink)
    draw_sides(axes, look, 1.05)
    axes.set_yticks([-1, 0, 1], ["−1", "0", "+1"])
    axes.set_title(f"· {name}", fontsize=9.5)


def _legend(axes: Axes, look: Look, handles: list[Artist]) -> None:
    axes.legend(
        handles=handles, loc="upper left", ncols=8, fontsize=8.5, columnspacing=1.2,
        frameon=True, facecolor=look.paper, edgecolor="none", framealpha=0.9,
    )  # fmt: skip
