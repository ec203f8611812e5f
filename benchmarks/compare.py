"""The comparison: everybody reads the same topics in turn, round after round, and has its sums checked."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import sums
from benchmarks.contestants import FULL, QUICK, Contestant, Length
from benchmarks.datasets import Cluster, DataSet
from benchmarks.home import ROOT
from benchmarks.process import FailedError, Ran, run
from benchmarks.results import Recorder, Sample

_SLOWEST_PER_S = 5_000  # a contestant below this is stuck


@dataclass(frozen=True, slots=True)
class Suite:
    """Contestants on one kind of data. `suffix` goes behind their names in the results."""

    suffix: str
    data: DataSet  # but for the number of records
    lengths: Mapping[str, Length]
    names: Sequence[str]


# Whoever is asked how batch sizes, codecs and numbers of instruments matter: the fastest of each kind.
_VARIED = ("equipoise-volume", "equipoise-all", "fetch-only", "plain-java", "kafka-streams", "flink-chained")


def suites(names: Sequence[str], *, quick: bool, records: int | None = None) -> list[Suite]:
    """What to run; the first is the main comparison, and the only one of a quick run.

    `records` is for those who look after the benchmark itself: so many for the fast ones.
    """
    lengths = QUICK if quick else FULL
    if records:
        lengths = {**lengths, "fast": Length.short(records)}
    main = Suite("", DataSet(0), lengths, names)
    if quick:
        return [main]
    some = [name for name in names if name in _VARIED]
    more = [main]
    for size, records in ((1, 200_000), (10, 2_000_000), (100, 4_000_000), (1_000, 4_000_000)):
        data = DataSet(0, batch_records=size)
        more.append(Suite(f"@{size}-a-batch", data, {"fast": Length.short(records)}, some))
    for codec in ("lz4", "zstd"):
        more.append(Suite(f"@{codec}", DataSet(0, codec=codec), QUICK, some))
    for instruments, kind in ((8, "zipf"), (10_000, "uniform"), (10_000, "zipf")):
        data = DataSet(0, instruments=instruments, distribution=kind)
        length = {"fast": Length.short(2_000_000)}
        more.append(Suite(f"@{instruments}-{kind}", data, length, some))
    return more


class Comparison:
    """Runs suites against one broker, and says on the terminal how it goes."""

    def __init__(self, cluster: Cluster, recorder: Recorder, contestants: Mapping[str, Contestant]) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._contestants = contestants

    def run(self, suite: Suite, rounds: int) -> None:
        """Every contestant once a round."""
        todo = [
            (turn, self._contestants[name])
            for turn in range(rounds)
            for name in suite.names
            if self._contestants[name].size in suite.lengths
        ]
        for number, (turn, contestant) in enumerate(todo, 1):
            key = f"{contestant.name}{suite.suffix}/{turn}"
            if self._recorder.has(key):
                continue
            print(f"[{number}/{len(todo)}] {contestant.name}{suite.suffix}", end=" ", file=sys.stderr, flush=True)
            self._recorder.add(key, list(self._samples(contestant, suite)))

    def _samples(self, contestant: Contestant, suite: Suite) -> Iterator[Sample]:
        name, length = contestant.name + suite.suffix, suite.lengths[contestant.size]
        data = replace(suite.data, records=length.records, rows_per_second=length.rows_per_second)
        start = time.monotonic()
        try:
            ran, windows = self._once(contestant, data, length)
            rate, cpu = ran.between(length.settled, length.records)
            cold, _ = ran.between(0, length.cold)
        except (FailedError, sums.WrongSumsError, TimeoutError, StopIteration) as why:
            print(f"FAILED: {why or 'it made no marks'}", file=sys.stderr, flush=True)
            for end, unit in (("", "records/s"), ("-cpu", "CPU s per million records")):
                yield Sample(name + end, unit, None, str(why) or "it made no marks")
            return
        said = f"{windows} windows right" if windows else "no sums"
        print(
            f"{rate / 1e3:,.0f} k/s, {cpu:.2f} CPU s/M, cold {cold / 1e3:,.0f} k/s, {ran.peak_mb:,.0f} MB, {said}"
            f" ({time.monotonic() - start:.0f} s)",
            file=sys.stderr,
            flush=True,
        )
        yield Sample(name, "records/s", rate)
        yield Sample(f"{name}-cpu", "CPU s per million records", cpu)
        yield Sample(f"{name}-cold", "records/s", cold)
        yield Sample(f"{name}-memory", "MB", ran.peak_mb)

    def _once(self, contestant: Contestant, data: DataSet, length: Length) -> tuple[Ran, int]:
        """A run and how many of its windows were right (0: it has none)."""
        topic = self._cluster.provide(data)
        sink = f"run-{contestant.name}-{time.monotonic_ns()}"
        self._cluster.create(sink)
        try:
            arguments = [self._cluster.bootstrap, topic, sink, length.records, length.every, contestant.mode]
            with tempfile.TemporaryDirectory(prefix="equipoise-bench-") as cwd:
                ran = run(
                    [*contestant.command(), *(str(argument) for argument in arguments)],
                    timeout_s=120 + length.records / _SLOWEST_PER_S,
                    cpus=set(contestant.cpus) if contestant.cpus else None,
                    cwd=cwd,
                    env=_environment(Path(cwd)),
                )
            if not contestant.sums:
                return ran, 0
            found = contestant.windows(data, *sums.published(self._cluster, sink))
            return ran, sums.check(data, found)
        finally:
            self._cluster.delete(sink)


def _environment(cwd: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(cwd), "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={cwd}"}
