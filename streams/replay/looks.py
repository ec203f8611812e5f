"""Colours of the pictures: one look for paper, one for a dark screen."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one background; buy and sell differ in lightness too, for those who see no hue."""

    name: str
    paper: str
    ink: str
    faint: str
    buy: str
    sell: str
    line: str
    elevated: str
    stressed: str
    halt: str


PAPER: Final = Look(
    "", "#ffffff", "#1b1f24", "#8a929c", "#0b7a75", "#c8553d", "#1b1f24", "#f5d98b", "#f0a58f", "#c98fb5",
)  # fmt: skip
DARK: Final = Look(
    "-dark", "#14171c", "#e6e9ee", "#7d8794", "#4fd1c5", "#ff8f73", "#e6e9ee", "#5c4a14", "#6e2f22", "#5a2f55",
)  # fmt: skip


def style(look: Look) -> Any:
    """Matplotlib's settings for a look."""
    return {
        "figure.facecolor": look.paper,
        "savefig.facecolor": look.paper,
        "axes.facecolor": look.paper,
        "axes.edgecolor": look.faint,
        "axes.labelcolor": look.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titlecolor": look.ink,
        "text.color": look.ink,
        "xtick.color": look.ink,
        "ytick.color": look.ink,
        "font.size": 9.5,
        "legend.frameon": False,
        "svg.hashsalt": "equipoise",
    }
