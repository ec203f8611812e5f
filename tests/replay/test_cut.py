"""Cut the input anywhere, with or without dump and load at the cut: the published bytes are the same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.processors.settings import EngineSettings
from equipoise.streams.records import Decoded
from equipoise.streams.replay.backtest import Plan, backtest, make_task
from equipoise.streams.replay.publications import publications
from equipoise.streams.replay.source import Feed, Opened, open_source
from equipoise.streams.task import Step
from tests.replay.made import SimulatedSource, simulated
from tests.replay.recorded import RECORDED

Bytes = dict[str, list[tuple[bytes, bytes]]]


def published(opened: Opened, chunk: int, revive: bool = False) -> Bytes:
    """Everything published, by record; with `revive` each chunk is stepped by a new task that loads the last one."""
    found: Bytes = {}

    def take(step: Step) -> None:
        if step.outputs is not None:
            for schema, item in publications(step.outputs, opened.instruments, opened.topics):
                found.setdefault(schema, []).append((item.key, item.payload))

    task = make_task(opened, EngineSettings())
    for feeds in opened.chunks(chunk):
        if revive:
            rows, task = task.dump(), make_task(opened, EngineSettings())
            task.load(rows)
        for topic, decoded, numbers in feeds:
            take(task.feed_rows(topic, decoded, numbers))
    take(task.flush())
    return found


@pytest.fixture(scope="module")
def market() -> SimulatedSource:
    return simulated(4.0)


@pytest.fixture(scope="module")
def uncut(market: SimulatedSource) -> Bytes:
    whole = published(market, chunk=10**9)
    assert set(whole) == {"SpreadSignal", "FeeSignal", "ImbalanceWindow"}
    assert len(whole["SpreadSignal"]) > 100
    return whole


@pytest.mark.parametrize(("chunk", "revive"), [(1, False), (7, False), (997, False), (997, True), (211, True)])
def test_chunks_of_any_size_give_the_same_bytes(
    market: SimulatedSource, uncut: Bytes, chunk: int, revive: bool
) -> None:
    assert published(market, chunk, revive) == uncut


class CutSource(Opened):
    """A simulated source that is cut at the given rows."""

    def __init__(self, whole: SimulatedSource, cuts: list[int]) -> None:
        super().__init__(whole.recording, whole.instruments, split=False)
        object.__setattr__(self, "pieces", (whole, cuts))

    def chunks(self, n: int = 0) -> Iterator[list[Feed]]:
        whole, cuts = self.pieces  # type: ignore[attr-defined]
        ((topic, decoded, numbers),) = next(whole.chunks(10**9))
        for first, last in zip([0, *cuts], [*cuts, len(numbers)], strict=True):
            rows = type(decoded.events)(*(column[first:last] for column in decoded.events))
            if last > first:
                yield [(topic, Decoded(rows, range(last - first)), range(first, last))]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_cuts_anywhere_give_the_same_bytes(market: SimulatedSource, uncut: Bytes, data: st.DataObject) -> None:
    rows = len(market.events.offset)  # type: ignore[attr-defined]
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=6)))
    assert published(CutSource(market, cuts), 0, revive=data.draw(st.booleans())) == uncut


@pytest.mark.recorded
@pytest.mark.parametrize("name", ["aapl", "cm-ethusd_perp"])
def test_a_recording_cut_anywhere_gives_the_same_bytes(shared_data: Path, name: str) -> None:
    def opened() -> Opened:
        return open_source(RECORDED[name].source(shared_data))

    whole = published(opened(), 10**9)
    assert sum(map(len, whole.values())) > 300
    assert published(opened(), 613) == whole
    assert published(opened(), 1_009, revive=True) == whole


def test_two_runs_write_the_same_files(market: SimulatedSource, tmp_path: Path) -> None:
    for name, chunk in (("one", 4_000), ("two", 333)):
        plan = Plan(tmp_path / name, frozenset({"parquet", "jsonl", "avro"}), chunk=chunk)
        backtest(market, EngineSettings(), plan)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 11
    for name in names:
        if name != "summary.json":  # it says how long the run took
            one, two = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
            assert one == two, name


def test_the_cut_test_can_fail(market: SimulatedSource, uncut: Bytes) -> None:
    """A changed row must show in the bytes, or the tests above prove nothing."""
    events = market.events  # type: ignore[attr-defined]
    quantity = events.quantity.copy()
    quantity[np.flatnonzero(events.action == 1)[:50]] += 1
    changed = SimulatedSource(events._replace(quantity=quantity), market.instruments)
    assert published(changed, 10**9) != uncut
