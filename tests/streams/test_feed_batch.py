"""Whole batches give what their records give: rows, refusals, accounts, dead letters with their bytes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.schemas.errors import RegistryUnavailableError
from equipoise.streams.merge import Merge
from equipoise.streams.records import Decoded, RawRecord
from equipoise.streams.task import Dead, Step, Task
from tests.streams.batches import batch
from tests.streams.fakes import FakeDecoder, FakeEngine, record, rows

TOPICS = ["orders", "trades"]
WORDS = st.one_of(
    st.just("bad"),
    st.just("skip"),
    st.builds("{}:{}:{}".format, st.integers(1, 3), st.integers(-1, 9), st.integers(0, 40)),
)


def _task(**more: Any) -> Task:
    return Task(TOPICS, FakeEngine(), dict.fromkeys(TOPICS, FakeDecoder()), **more)


def _seen(step: Step) -> tuple[list[Any], list[Dead]]:
    signals = [] if step.outputs is None else step.outputs.signals[["source", "offset", "ordinal"]].tolist()
    return signals, step.dead


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_step_by_step_the_same(data: st.DataObject) -> None:
    single, whole = _task(), _task()
    read = dict.fromkeys(TOPICS, 0)
    for topic in data.draw(st.lists(st.sampled_from(TOPICS), max_size=8)):
        words = data.draw(st.lists(WORDS, min_size=1, max_size=6))
        gaps = data.draw(st.lists(st.integers(0, 2), min_size=len(words), max_size=len(words)))
        # a fetch may begin before what was read: those records are skipped
        first = max(0, read[topic] - data.draw(st.integers(0, 2)))
        offsets = (first + np.arange(len(words)) + np.cumsum(gaps)).tolist()
        records = [record(topic, offset, word) for offset, word in zip(offsets, words, strict=True)]
        assert _seen(whole.feed_batch(batch(records))) == _seen(single.feed(records))
        assert whole.accounts() == single.accounts()
        assert whole.settled() == single.settled()
        read[topic] = whole.position(topic)
        if data.draw(st.booleans()):
            dumped = single.dump()
            assert whole.dump() == dumped
            single, whole = _task(), _task()
            single.load(dumped)
            whole.load(dumped)
            read = {name: whole.position(name) for name in TOPICS}
    assert _seen(whole.flush()) == _seen(single.flush())
    assert whole.accounts() == single.accounts()


def test_a_dead_letter_has_its_key_bytes_and_headers() -> None:
    headers = (("who", b"me"), ("why", b"x" * 200))
    bad = RawRecord("orders", 0, 11, None, b"bad", headers, 1_700_000_000_000)
    good = record("orders", 10, "1:5:10")
    task = Task(["orders"], FakeEngine(), {"orders": FakeDecoder()})
    step = task.feed_batch(batch([good, bad]))
    assert [dead.record for dead in step.dead] == [bad]


def test_reading_goes_on_behind_what_was_left_out() -> None:
    task = Task(["orders"], FakeEngine(), {"orders": FakeDecoder()})
    task.feed_batch(batch([record("orders", 3, "1:5:10")], next_offset=9))
    assert (task.position("orders"), task.settled()) == (9, {"orders": 9})
    task.feed_batch(batch([record("orders", 8, "1:5:10")], next_offset=9))
    assert task.accounts()["orders"]["in"] == 1


class _Away(FakeDecoder):
    def __init__(self) -> None:
        self.calls = 0

    def decode(self, records: Any) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise RegistryUnavailableError("registry: no answer")
        return super().decode(records)


def test_a_batch_whose_schema_cannot_be_asked_for_is_taken_the_next_time() -> None:
    task = Task(["orders"], FakeEngine(), {"orders": _Away()})
    given_again = batch([record("orders", 0, "1:5:10")])
    with pytest.raises(RegistryUnavailableError):
        task.feed_batch(given_again)
    assert task.position("orders") == 0
    assert task.feed_batch(given_again).outputs is not None


def test_instruments_are_claimed_once_a_topic() -> None:
    told: list[tuple[str, list[int]]] = []
    task = _task(claim=lambda topic, found: told.append((topic, list(found))))
    for topic in ("orders", "orders", "trades"):
        events = rows([1, 2, 3], [task.position(topic) + k for k in range(3)])
        events.instrument[:] = [7, -1, 2]
        task.feed_rows(topic, Decoded(events, np.arange(3)), events.offset.tolist())
    assert told == [("orders", [2, 7]), ("trades", [2, 7])]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), max_size=30), min_size=3, max_size=3))
def test_three_topics_are_put_in_the_order_of_stamp_and_name(stamps: list[list[int]]) -> None:
    merge = Merge(["b", "c", "a"])
    for source, own in enumerate(stamps):
        events = rows(sorted(own))
        events.source[:] = source
        merge.push(source, events)
    merged = merge.flush()
    found = list(zip(merged.source.tolist(), merged.offset.tolist(), strict=True))
    expected = [
        (stamp, "bca"[source], (source, at))
        for source, own in enumerate(stamps)
        for at, stamp in enumerate(sorted(own))
    ]
    assert found == [place for _, _, place in sorted(expected)]
