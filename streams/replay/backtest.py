"""A recording through the very task and engine that a worker runs, without Kafka and without a clock."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings
from equipoise.processors.storage import Snapshot
from equipoise.streams.replay.book import BookTable
from equipoise.streams.replay.publications import OUTPUTS, publications
from equipoise.streams.replay.source import CHUNK, Opened
from equipoise.streams.replay.tables import Output
from equipoise.streams.task import Step, Task

SUMMARY: Final = "summary.json"
REFUSED: Final = "dead-letters.jsonl"

Progress = Callable[[int, int], None]  # bytes read, bytes in all


class Watcher(Protocol):
    """Is shown every step of a watched engine."""

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        """Rows that went in, in their order, and what came out."""
        ...


class WatchedEngine:
    """An engine for a task, whose steps others may look at. They change nothing."""

    def __init__(self, engine: Engine, watchers: Sequence[Watcher] = ()) -> None:
        self.engine = engine
        self.watchers = list(watchers)

    def step(self, events: Events) -> Outputs:
        """Step, and show it."""
        outputs = self.engine.step(events)
        for watcher in self.watchers:
            watcher.seen(self.engine, events, outputs)
        return outputs

    def watermark_ns(self) -> int:
        """In event time; NULL before the first record."""
        return self.engine.watermark_ns()

    def counters(self) -> dict[str, int]:
        """What memory is used for."""
        return self.engine.counters()

    def snapshot(self, since: int = 0) -> Snapshot:
        """What changed after a mark."""
        return self.engine.snapshot(since)

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Replace all state."""
        self.engine.load(rows)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backtest writes. `book` is a Parquet file of best quotes, or None."""

    out: Path
    formats: frozenset[str] = frozenset({"parquet"})
    book: Path | None = None
    chunk: int = CHUNK


def make_task(opened: Opened, settings: EngineSettings, watchers: Sequence[Watcher] = ()) -> Task:
    """The task that a worker would run for these topics."""
    engine = Engine(opened.instruments, settings, len(opened.topics))
    return Task(opened.topics, WatchedEngine(engine, watchers), idle_ns=settings.time.idle_ns)


def backtest(opened: Opened, settings: EngineSettings, plan: Plan, progress: Progress | None = None) -> dict[str, Any]:
    """Run the recording and write its outputs into `plan.out`; returns what summary.json holds.

    Raises:
        RecordingError: the recording turned out to be damaged; what came before it has been written.
    """
    begun = time.perf_counter()
    plan.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        writer = _Writer(opened, plan, files)
        watchers: list[Watcher] = [writer.span]
        if plan.book:
            settings = replace(settings, trace_book=True)
            table = BookTable(plan.book, [one.key for one in opened.instruments])
            files.callback(table.close)
            watchers.append(table)
        task = make_task(opened, settings, watchers)
        for feeds in opened.chunks(plan.chunk):
            for topic, decoded, numbers in feeds:
                writer.write(task.feed_rows(topic, decoded, numbers))
            if progress:
                progress(opened.recording.bytes_read, opened.recording.bytes_total)
        writer.write(task.flush())
    summary = _summary(task.accounts(), writer)
    summary["seconds"] = round(time.perf_counter() - begun, 3)
    (plan.out / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n")
    return summary


class _Span:
    """First and last event time among the rows that the engine used."""

    def __init__(self) -> None:
        self.first_ns: int | None = None
        self.last_ns = 0

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        del engine
        used = events.event_ns[outputs.outcome == 0]
        if len(used):
            low, high = int(used.min()), int(used.max())
            self.first_ns = low if self.first_ns is None else min(self.first_ns, low)
            self.last_ns = max(self.last_ns, high)

    @property
    def seconds(self) -> float:
        return 0.0 if self.first_ns is None else (self.last_ns - self.first_ns) / 1e9


class _Writer:
    """Steps of the task into files."""

    def __init__(self, opened: Opened, plan: Plan, files: ExitStack) -> None:
        self.span = _Span()
        self._opened = opened
        self.outputs = {
            schema: files.enter_context(Output(plan.out, name, schema, plan.formats))
            for schema, name in OUTPUTS.items()
        }
        self._refused = files.enter_context((plan.out / REFUSED).open("w", encoding="utf-8"))

    def write(self, step: Step) -> None:
        if step.outputs is not None:
            for schema, item in publications(step.outputs, self._opened.instruments, self._opened.topics):
                self.outputs[schema].write(item)
        for dead in step.dead:
            row = {"topic": dead.topic, "record": dead.offset, "cause": dead.cause.name, "detail": dead.detail}
            self._refused.write(json.dumps(row, ensure_ascii=False) + "\n")


def _summary(accounts: Mapping[str, Mapping[str, Any]], writer: _Writer) -> dict[str, Any]:
    total = {
        name: sum(account[name] for account in accounts.values())
        for name in ("in", "used", "late", "flagged", "dead_lettered")
    }
    causes: dict[str, int] = {}
    for account in accounts.values():
        for cause, count in account["causes"].items():
            causes[cause] = causes.get(cause, 0) + count
    return {
        "records_in": total.pop("in"),
        **total,
        **{OUTPUTS[schema].replace("-", "_"): output.count for schema, output in writer.outputs.items()},
        "seconds": 0.0,
        "event_seconds": round(writer.span.seconds, 3),
        "causes": dict(sorted(causes.items())),
    }
