"""Who runs in the comparison, on how many records, and what is special about each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import DataSet
from benchmarks.home import PEERS
from benchmarks.ours import imbalance_windows
from benchmarks.peers import prepare
from benchmarks.sums import closed_windows

Command = list[str | Path]
Windows = Callable[[DataSet, list[bytes], list[bytes]], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the tables."""

    name: str
    title: str
    command: Callable[[], Command]  # up to the arguments BOOTSTRAP IN OUT RECORDS EVERY MODE
    mode: str = "default"
    size: str = "fast"
    sums: bool = True  # whether its output is checked
    windows: Windows = closed_windows  # reads what it published
    quick: bool = True  # whether it is part of a quick run
    cpus: frozenset[int] | None = None  # None: as many as there are


@dataclass(frozen=True, slots=True)
class Length:
    """How many records a run has, and after how many its speed counts as steady."""

    records: int
    settled: int
    cold: int
    rows_per_second: int = 100_000  # of event time; fewer where so few records would close no window

    @classmethod
    def short(cls, records: int) -> "Length":
        """Half of it to settle, an eighth cold."""
        return cls(records, records // 2, records // 8)

    @property
    def every(self) -> int:
        """Between two marks; divides all three."""
        return self.cold


# The JVM takes about ten million records to settle; nothing is gained by giving a slow peer minutes.
FULL: Final = {
    "fast": Length(20_000_000, 10_000_000, 2_000_000),
    "middle": Length(200_000, 100_000, 25_000, 10_000),
    "slow": Length(60_000, 30_000, 10_000, 5_000),
}
QUICK: Final = {
    "fast": Length(4_000_000, 2_000_000, 1_000_000),
    "middle": Length(40_000, 20_000, 10_000, 5_000),
    "slow": Length(15_000, 10_000, 5_000, 2_500),
}


def _ours(module: str) -> Callable[[], Command]:
    return lambda: [sys.executable, "-m", module]


def _python(peer: str) -> Callable[[], Command]:
    return lambda: [prepare.python(peer), PEERS / f"{peer}_peer.py"]


def _java(kind: str, name: str) -> Callable[[], Command]:
    return lambda: [*prepare.java(kind), name]


_CONTESTANTS: Final = (
    Contestant(
        "equipoise-all",
        "ours, every measure and the policy on",
        _ours("benchmarks.ours_worker"),
        "at-least-once",
        windows=imbalance_windows,
    ),
    Contestant("equipoise-volume", "ours, equal work", _ours("benchmarks.ours_volume"), "volume"),
    Contestant("equipoise-decode", "ours, decoding only", _ours("benchmarks.ours_volume"), "decode", sums=False),
    Contestant(
        "equipoise-fetch", "ours, fetching only", _ours("benchmarks.ours_volume"), "fetch", sums=False, quick=False
    ),
    Contestant("fetch-only", "bare fetch, aiokafka's client", _ours("benchmarks.fetch_only"), sums=False),
    Contestant("fetch-socket", "bare fetch, a plain socket", _ours("benchmarks.fetch_socket"), sums=False, quick=False),
    Contestant("faust-agent", "Faust, agent", _python("faust"), "agent", "slow"),
    Contestant("faust-take", "Faust, `take`", _python("faust"), "take", "slow"),
    Contestant("quix", "Quix Streams", _python("quix"), size="middle"),
    Contestant("bytewax", "Bytewax", _python("bytewax"), size="middle"),
    Contestant("kafka-streams", "Kafka Streams, at least once", _java("kafka", "Streams"), "at_least_once"),
    Contestant(
        "kafka-streams-eos", "Kafka Streams, exactly once", _java("kafka", "Streams"), "exactly_once_v2", quick=False
    ),
    Contestant("flink", "Flink, keyed exchange", _java("flink", "Flink"), "exchange"),
    Contestant("flink-chained", "Flink, one chain", _java("flink", "Flink"), "chained", quick=False),
    Contestant("plain-java", "plain Java loop, default fetch", _java("kafka", "Plain")),
    Contestant("plain-java-tuned", "plain Java loop, tuned fetch", _java("kafka", "Plain"), "tuned"),
    Contestant(
        "fetch-java", "Java consumer, records thrown away", _java("kafka", "Plain"), "fetch", sums=False, quick=False
    ),
)
CONTESTANTS: Final = {contestant.name: contestant for contestant in _CONTESTANTS}
