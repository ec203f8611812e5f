"""Bars of rate and CPU per record. No background and middle greys: readable on paper and on a dark screen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

from benchmarks.contestants import CONTESTANTS

_OURS: Final = "#1b9e77"
_THEIRS: Final = "#8c8c9c"
_INK: Final = "#7a7a7a"  # 4.3:1 on white, 4.4:1 on near-black
_PANELS: Final = (("", 1e-3, "thousand records a second"), ("-cpu", 1.0, "CPU seconds per million records"))


def draw(figures: Mapping[str, Mapping[str, Any]], names: Sequence[str], folder: Path) -> None:
    """`bench.svg`: a bar a contestant, logarithmic since they lie three powers of ten apart; lines are the spread."""
    shown = [name for name in reversed(names) if figures[name]["median"] is not None]
    style = {"text.color": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK}
    fixed = {"svg.hashsalt": "equipoise", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}
    with plt.rc_context(style | fixed):
        size = (11, 0.9 + 0.34 * len(shown))
        picture, panels = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
        for panel, (end, scale, label) in zip(panels, _PANELS, strict=True):
            _panel(panel, [figures[name + end] for name in shown], shown, scale)
            panel.set_xlabel(label)
        panels[0].set_yticks(range(len(shown)), [CONTESTANTS[name].title.replace("`", "") for name in shown])
        picture.savefig(folder / "bench.svg", transparent=True, metadata={"Date": None})
        plt.close(picture)


def _panel(panel: Any, rows: Sequence[Mapping[str, Any]], names: Sequence[str], scale: float) -> None:
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        middle, low, high = (row[part] * scale for part in ("median", "min", "max"))
        panel.barh(place, middle, color=_OURS if name.startswith("equipoise") else _THEIRS, height=0.7)
        panel.plot([low, high], [place, place], color=_INK, linewidth=1.2)
        panel.annotate(f"{middle:,.0f}" if middle >= 10 else f"{middle:.2f}", (high, place), xytext=(4, 0),
                       textcoords="offset points", va="center", fontsize=9)  # fmt: skip
    panel.set_xscale("log")
    panel.margins(x=0.15)
    panel.patch.set_alpha(0)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(_INK)
