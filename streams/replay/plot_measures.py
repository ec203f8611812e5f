"""A page for each measure: the price, what the measure said at each close of a window, and the score.

A value that was null leaves a hole. The time axis is that of the page of the whole backtest.
"""

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from equipoise.processors.measures.measure import Measure, Output
from equipoise.streams.measures import installed
from equipoise.streams.replay.looks import DARK, PAPER, Look, style
from equipoise.streams.replay.plot import View, draw_sides, draw_signed, in_days, name_time, short_number, stem
from equipoise.streams.replay.series import Floats, Ints, live_series, measure_series, window_series

_TITLE: Final = 125  # characters of a line that fit above the axes
_SMALL_TITLE: Final = 150


def draw_measures(folder: Path, key: str) -> list[Path]:
    """Draw the measures that were on for VENUE:SYMBOL into the backtest's folder; returns the files written.

    Raises:
        NothingToDrawError: no live signal of it was published.
    """
    view = View(live_series(folder, key), window_series(folder, key))
    ends, values = measure_series(folder, key)
    written = []
    for measure in on(values):
        for look in (PAPER, DARK):
            with mpl.rc_context(style(look)):
                path = folder / f"{stem(key)}-{measure.name.replace('_', '-')}{look.name}.png"
                page(view, measure, ends, values, key, look).savefig(path, dpi=100)
                written.append(path)
    return written


def on(values: Mapping[str, Floats]) -> list[Measure]:
    """The installed measures that have a column."""
    return [measure for measure in installed().values() if measure.output_name(measure.outputs[0]) in values]


def page(view: View, measure: Measure, ends: Ints, values: Mapping[str, Floats], key: str, look: Look) -> Figure:
    """One measure's page."""
    named = {measure.output_name(output): output for output in measure.outputs if measure.output_name(output) in values}
    shown = {name: output for name, output in named.items() if not np.isnan(values[name]).all()}
    figure = Figure(figsize=(13, 4.6 + 1.15 * len(shown)), layout="constrained")
    grid = figure.add_gridspec(2 + len(shown), 1, height_ratios=(2.2, *(len(shown) * [0.9]), 0.9))
    price: Any = figure.add_subplot(grid[0])
    rows = [figure.add_subplot(grid[row], sharex=price) for row in range(1, 2 + len(shown))]
    days, mid = view.line(view.live.mid)
    price.plot(days, mid, color=look.line, linewidth=1.2, drawstyle="steps-post")
    never = ", ".join(name for name in named if name not in shown)
    missing = f"; never known in this recording: {never}" if never else ""
    price.set_title(_wrapped(f"Price: the mid{view.averaged}{missing}", _TITLE))
    price.ticklabel_format(axis="y", useOffset=False, style="plain")
    for axes, (name, output) in zip(rows, shown.items(), strict=False):
        _output(axes, in_days(ends), values[name], output, look)
        axes.set_title(_wrapped(f"· {name}: {output.formula} [{output.unit}]", _SMALL_TITLE), fontsize=9.5)
    days, score = view.line(view.live.score)
    draw_signed(rows[-1], days, score, look, 0.75)
    draw_sides(rows[-1], look, 1.05)
    rows[-1].set_title(f"Score of all measures that weigh{view.averaged}")
    for axes in (price, *rows):
        axes.grid(axis="y", color=look.faint, alpha=0.25, linewidth=0.6)
        axes.tick_params(labelbottom=axes is rows[-1])
    name_time(price, rows[-1], view)
    figure.suptitle(f"{key}: {measure.title}", x=0.012, ha="left", fontsize=14)
    return figure


def _output(axes: Axes, days: Floats, values: Floats, output: Output, look: Look) -> None:
    axes.plot(days, values, color=look.line, linewidth=0.9, drawstyle="steps-post")
    if (output.low, output.high) == (-1.0, 1.0):
        draw_signed(axes, days, values, look, 0.4)
        axes.set_ylim(-1.05, 1.05)
        axes.set_yticks([-1, 0, 1], ["−1", "0", "+1"])
    elif output.low == 0.0 and output.high == 1.0:
        axes.set_ylim(-0.05, 1.05)
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(_long_number if _narrow(values) else short_number))
    if output.sign == -1:
        axes.axhline(0, color=look.ink, linewidth=0.7)


def _narrow(values: Floats) -> bool:
    """Whether three digits would write the same at every tick: a price in ticks, for one."""
    low, high = np.nanmin(values), np.nanmax(values)
    return bool(high - low < 0.03 * max(abs(low), abs(high)))


def _long_number(value: float, _place: int | None = None) -> str:
    return f"{value:,.8g}".replace("-", "−")


def _wrapped(text: str, width: int) -> str:
    return "\n".join(wrap(text, width, subsequent_indent="   "))
