"""The chart of a view as text, for terminals: mid, our bid and ask, regimes and bursts in a grid of characters."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from equipoise.streams.web.view import View

REGIME_MARKS: Final = "·▒▓█"
ASK, BID, MID, BAND, EMPTY = "▁", "▔", "─", "░", " "


class Column(NamedTuple):
    """One column of the chart: prices, or None where nothing was quoted."""

    mid: float | None
    bid: float | None
    ask: float | None
    regime: int | None


class Plot(NamedTuple):
    """Rows of characters from the top, and beneath them one row of regimes; above them one of bursts."""

    bursts: str
    rows: list[str]
    regimes: str
    low: float
    high: float


def columns(view: View, width: int) -> list[Column]:
    """What was quoted at the end of each of `width` equal spans of the chart's time."""
    points, clock, span = view["points"], view["clock_ms"], view["span_ms"]
    found, at = [], -1
    for number in range(width):
        until = clock - span + span * (number + 1) / width
        while at + 1 < len(points) and points[at + 1][0] <= until:
            at += 1
        point = points[at] if at >= 0 else None
        if point is None or point[1] < until:
            found.append(Column(None, None, None, None))
        else:
            found.append(Column(point[2], point[3], point[4], point[5]))
    return found


def plot(view: View, width: int, height: int) -> Plot | None:
    """The chart in `height` rows of `width` characters; None without a single price."""
    cells = columns(view, width)
    prices = [price for cell in cells for price in cell[:3] if price is not None]
    if not prices:
        return None
    low, high = min(prices), max(prices)
    pad = max((high - low) * 0.08, high * 1e-5)
    low, high = low - pad, high + pad

    def row(price: float | None) -> int | None:
        return None if price is None else min(int((high - price) / (high - low) * height), height - 1)

    drawn = [_column(row(cell.ask), row(cell.mid), row(cell.bid), height) for cell in cells]
    return Plot(
        bursts=_bursts(view, width),
        rows=["".join(column[number] for column in drawn) for number in range(height)],
        regimes="".join(EMPTY if cell.regime is None else REGIME_MARKS[cell.regime] for cell in cells),
        low=low,
        high=high,
    )


def _column(ask: int | None, mid: int | None, bid: int | None, height: int) -> Sequence[str]:
    marks = [EMPTY] * height
    if ask is not None and bid is not None:
        marks[ask : bid + 1] = [BAND] * (bid + 1 - ask)
    for at, mark in ((bid, BID), (ask, ASK), (mid, MID)):
        if at is not None:
            marks[at] = mark
    return marks


def _bursts(view: View, width: int) -> str:
    marks = [EMPTY] * width
    clock, span = view["clock_ms"], view["span_ms"]
    for burst in view["bursts"]:
        if burst["from"] > clock:
            continue
        first, last = (int((t - clock + span) / span * width) for t in (burst["from"], min(burst["to"], clock)))
        text = ("▲ informed buyers" if burst["up"] else "▼ informed sellers").ljust(last - first + 1, "━")
        start = max(0, min(first, width - len(text)))
        for number, mark in enumerate(text[: width - start]):
            marks[start + number] = mark
    return "".join(marks)
