"""Columns of a backtest's tables, as a picture needs them: arrays, intervals, lines that break."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COMPONENTS: Final = ("DEPTH_1", "DEPTH_10", "QUEUE", "OFI", "CVD", "PENDING")


class NothingToDrawError(ValueError):
    """The backtest published no live signal of that instrument."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of event time with a name each. Shape (n,), nanoseconds."""

    start_ns: Ints
    end_ns: Ints
    name: list[str]

    def of(self, *names: str) -> list[tuple[int, int]]:
        """Start and end of the stretches with one of these names."""
        return [
            (int(start), int(end))
            for start, end, name in zip(self.start_ns, self.end_ns, self.name, strict=True)
            if name in names
        ]


@dataclass(frozen=True, slots=True)
class LiveSeries:
    """Live signals of one instrument in order of event time. Arrays of shape (n,)."""

    as_of_ns: Ints
    valid_until_ns: Ints
    mid: Floats  # price units, NaN: null
    bid: Floats  # our quote
    ask: Floats
    score: Floats
    regime: list[str]
    status: list[str]
    components: dict[str, Floats]  # value by name, NaN: null; those that weigh nothing are left out

    def regimes(self) -> Spans:
        """Stretches of one regime."""
        return spans(self.as_of_ns, self.valid_until_ns, self.regime)

    def statuses(self) -> Spans:
        """Stretches of one status."""
        return spans(self.as_of_ns, self.valid_until_ns, self.status)

    def silences(self) -> list[tuple[int, int]]:
        """Stretches in which the last signal was past its validity and no newer one had come."""
        quiet = np.flatnonzero(self.as_of_ns[1:] > self.valid_until_ns[:-1])
        return [(int(self.valid_until_ns[i]), int(self.as_of_ns[i + 1])) for i in quiet]

    def line(self, values: Floats) -> tuple[Ints, Floats]:
        """Points of a line that breaks (NaN) at nulls and where a signal's validity ended unrenewed."""
        quiet = np.flatnonzero(self.as_of_ns[1:] > self.valid_until_ns[:-1]) + 1
        ends = self.valid_until_ns[quiet - 1]
        stamps = np.insert(self.as_of_ns, np.repeat(quiet, 2), np.repeat(ends, 2))
        held = np.stack([values[quiet - 1], np.full(len(quiet), np.nan)], axis=1).ravel()
        return stamps, np.insert(values, np.repeat(quiet, 2), held)


@dataclass(frozen=True, slots=True)
class WindowSeries:
    """Closed windows, last revision of each. Arrays of shape (w,)."""

    start_ns: Ints
    end_ns: Ints
    ofi: Floats  # lots
    delta: Floats  # taker buys minus taker sells, lots
    cvd: Floats
    trades: Ints


def spans(as_of_ns: Ints, valid_until_ns: Ints, names: list[str]) -> Spans:
    """Runs of equal names; a run ends where the next begins, or where validity ended unrenewed."""
    if not names:
        return Spans(as_of_ns, as_of_ns, [])
    words = np.array(names)
    breaks = (words[1:] != words[:-1]) | (as_of_ns[1:] > valid_until_ns[:-1])
    first = np.concatenate(([0], np.flatnonzero(breaks) + 1))
    last = np.concatenate((first[1:] - 1, [len(words) - 1]))
    following = np.append(as_of_ns[1:], valid_until_ns[-1])
    ends = np.minimum(following[last], valid_until_ns[last])
    return Spans(as_of_ns[first], ends, [str(word) for word in words[first]])


def _floats(table: Any, name: str) -> Floats:
    column: Floats = pc.fill_null(table[name].cast("float64"), float("nan")).to_numpy()
    return column


def _instrument(table: Any, key: str) -> Any:
    venue, _, symbol = key.partition(":")
    return table.filter(pc.and_(pc.equal(table["venue"], venue), pc.equal(table["symbol"], symbol)))


def instruments(folder: Path) -> list[str]:
    """VENUE:SYMBOL of every instrument with a spread signal, in order of first appearance."""
    table = pq.read_table(folder / "spread-signals.parquet", columns=["venue", "symbol"])
    pairs = zip(table["venue"].to_pylist(), table["symbol"].to_pylist(), strict=True)
    return list(dict.fromkeys(f"{venue}:{symbol}" for venue, symbol in pairs))


def live_series(folder: Path, key: str) -> LiveSeries:
    """Read the live spread signals of VENUE:SYMBOL from a backtest's folder.

    Raises:
        NothingToDrawError: there is none.
    """
    table = _instrument(pq.read_table(folder / "spread-signals.parquet"), key)
    table = table.filter(pc.equal(table["kind"], "LIVE"))
    if not len(table):
        raise NothingToDrawError(f"{folder}: no live spread signal of {key}")
    table = table.take(np.argsort(table["as_of_ns"].to_numpy(), kind="stable"))  # rows of a late source step back
    tick = np.array([float(text) for text in table["tick"].to_pylist()])
    mid = _floats(table, "reference_mid") * tick
    parts = table["components"].to_pylist()
    values = {name: np.full(len(table), np.nan) for name in COMPONENTS}
    for row, components in enumerate(parts):
        for part in components:
            if part["value"] is not None and part["weight"] > 0:
                values.setdefault(part["name"], np.full(len(table), np.nan))[row] = part["value"]
    return LiveSeries(
        as_of_ns=table["as_of_ns"].to_numpy(),
        valid_until_ns=table["valid_until_ns"].to_numpy(),
        mid=mid,
        bid=mid - _floats(table, "bid_half_spread") * tick,
        ask=mid + _floats(table, "ask_half_spread") * tick,
        score=_floats(table, "score"),
        regime=table["regime"].to_pylist(),
        status=table["status"].to_pylist(),
        components={name: column for name, column in values.items() if not np.isnan(column).all()},
    )


def _last_revisions(folder: Path, key: str) -> Any:
    table = _instrument(pq.read_table(folder / "windows.parquet"), key)
    table = table.sort_by([("start_ns", "ascending"), ("revision", "ascending")])
    start = table["start_ns"].to_numpy()
    last = np.append(start[1:] != start[:-1], True) if len(start) else np.zeros(0, bool)
    return table.filter(last)


def measure_series(folder: Path, key: str) -> tuple[Ints, dict[str, Floats]]:
    """Ends (ns) of the closed windows of VENUE:SYMBOL, and each measure's output at them, NaN: null."""
    table = _last_revisions(folder, key)
    rows = table["measures"].to_pylist()
    names = [cell["name"] for cell in rows[0]] if rows else []
    values = np.array([[np.nan if cell["value"] is None else cell["value"] for cell in row] for row in rows], float)
    return table["end_ns"].to_numpy(), {name: values[:, k] for k, name in enumerate(names)}


def window_series(folder: Path, key: str) -> WindowSeries:
    """Read the closed windows of VENUE:SYMBOL, each in its last revision."""
    table = _last_revisions(folder, key)
    return WindowSeries(
        start_ns=table["start_ns"].to_numpy(),
        end_ns=table["end_ns"].to_numpy(),
        ofi=_floats(table, "ofi"),
        delta=_floats(table, "buy_volume") - _floats(table, "sell_volume"),
        cvd=_floats(table, "cvd"),
        trades=table["trades"].to_numpy(),
    )
