"""A topic that never speaks holds the first windows open: later they are all published, each once, cut anywhere."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.streams.records import RawRecord
from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.task import Task
from tests.streams import live

TOPICS = ["x.book", "x.trades"]


def _task(table: Instruments) -> Task:
    return Task(TOPICS, Engine(table, engine_settings(load()), 2), dict.fromkeys(TOPICS, CanonicalDecoder(table)))


@cache
def _records() -> list[RawRecord]:
    return [r for r in live.raw_records("x", {"book": live.market(6_000)["book"]}) if r.partition == 3]


def _windows(cut: int | None) -> list[tuple[int, int, int, int]]:
    table = live.instruments()
    records = _records()
    task, found = _task(table), []
    for end in (cut, None) if cut else (None,):
        part = records[task.position(TOPICS[0]) : end]  # again, where it had waited for the silent topic
        for step in (task.feed(part), task.release(ended=[1])) if cut else (task.feed(part),):
            found += [] if step.outputs is None else [step.outputs.windows]
        if cut:
            rows, task = task.dump(), _task(table)
            task.load(rows)
    step = task.flush()
    found += [] if step.outputs is None else [step.outputs.windows]
    windows = np.concatenate(found)
    first = windows["start_ns"].min()
    names = ("start_ns", "revision", "events")
    rows_of = zip(*(windows[name].tolist() for name in names), windows["as_of_ns"].tolist(), strict=True)
    return [(start - first, revision, events, as_of - first) for start, revision, events, as_of in rows_of]


def test_no_window_is_left_out_or_published_twice() -> None:
    windows = _windows(None)
    starts = [start for start, *_ in windows]
    assert starts == list(range(0, starts[-1] + 1, 10**9))
    assert max(Counter(starts).values()) == 1
    assert len(windows) > 8


@pytest.mark.parametrize("cut", [50, 200, 400, 480])
def test_a_restart_while_it_is_silent_changes_nothing(cut: int) -> None:
    assert [w[:3] for w in _windows(cut)] == [w[:3] for w in _windows(None)]
