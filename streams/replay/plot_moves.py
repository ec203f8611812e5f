"""The last row of the picture: what the mid did after each regime entry, by horizon, with counts."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equipoise.streams.replay.looks import Look
from equipoise.streams.replay.moves import HORIZONS_NS, Moves


def draw_moves(figure: Figure, grid: Any, found: list[Moves], look: Look) -> None:
    """Dots are entries, the bar is their mean, one panel a horizon."""
    for column, horizon in enumerate(HORIZONS_NS):
        axes = figure.add_subplot(grid[-1, column])
        rows = [row for row in found if row.horizon_ns == horizon and (row.entries or row.regime != "HALT")]
        for place, row in enumerate(rows):
            _dots(axes, place, row, look)
        axes.axhline(0, color=look.ink, linewidth=0.7)
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.set_xticks(range(len(rows)), [_entered(row) for row in rows])
        axes.margins(y=0.3)
        axes.set_title(f"{horizon / 1e9:g} s after entering a regime, once warm")
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
    axes.scatter(place + spread, row.bps, s=9 if len(row.bps) > 30 else 26, color=look.faint, alpha=0.6, linewidth=0)
    mean = float(row.bps.mean())
    axes.plot(
        [place - 0.3, place + 0.3],
        [mean, mean],
        color=look.buy if mean > 0 else look.sell if mean < 0 else look.ink,
        linewidth=2.5,
    )
    axes.annotate(
        f"mean {mean:+.2f}".replace("-", "−"), (place, mean), xytext=(0, 6), textcoords="offset points", ha="center",
        bbox={"facecolor": look.paper, "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
    )  # fmt: skip
