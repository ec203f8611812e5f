"""The merge: one order whatever the batches, waits that end, stamps that lie."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.columns import NULL, Events
from equipoise.schemas.enums import Flag
from equipoise.streams.merge import Merge
from tests.streams.fakes import MS, T0, rows

TOPICS = ["b-trades", "a-book", "c-intents"]


def _order(events: Events) -> list[tuple[int, int]]:
    return list(zip(events.source.tolist(), events.offset.tolist(), strict=True))


def _part(events: Events, source: int, start: int, end: int) -> Events:
    events.source[:] = source
    return Events(*(column[start:end] for column in events))


def _oracle(stamps: list[list[int]]) -> list[tuple[int, int]]:
    """Heap-free and slow: always the head with the lowest (stamp, topic name)."""
    heads, order = [0] * len(stamps), []
    while any(head < len(own) for head, own in zip(heads, stamps, strict=True)):
        _, _, source = min(
            (stamps[source][head], TOPICS[source], source)
            for source, head in enumerate(heads)
            if head < len(stamps[source])
        )
        order.append((source, heads[source]))
        heads[source] += 1
    return order


@pytest.mark.slow  # uncompiled
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_interleaving_and_batching_gives_one_order(data: st.DataObject) -> None:
    stamps = [data.draw(st.lists(st.integers(0, 30), max_size=12)) for _ in TOPICS]
    merge, left, given_rows = Merge(TOPICS), [], [0] * len(TOPICS)
    while any(done < len(own) for done, own in zip(given_rows, stamps, strict=True)):
        source = data.draw(st.sampled_from([s for s in range(len(TOPICS)) if given_rows[s] < len(stamps[s])]))
        start = given_rows[source]
        given_rows[source] = end = data.draw(st.integers(start + 1, len(stamps[source])))
        merge.push(source, _part(rows(stamps[source]), source, start, end))
        if data.draw(st.booleans()):
            left += _order(merge.ready())
        if data.draw(st.booleans()):  # restart: what waits is read again
            gone, last = merge.dump()
            given_rows = [
                first if (first := merge.first_offset(s)) is not None else done for s, done in enumerate(given_rows)
            ]
            merge = Merge(TOPICS)
            merge.load(gone, last)
    left += _order(merge.flush())
    assert left == _oracle(stamps)


def test_a_row_waits_for_the_topic_that_may_bring_an_earlier_one() -> None:
    merge = Merge(TOPICS[:2])
    merge.push(0, rows([5, 6]))
    assert _order(merge.ready()) == []
    merge.push(1, rows([5]))
    assert len(merge.ready().offset) == 1  # a-book's 5 leaves; b-trades' 5 waits, a-book may bring another 5
    assert merge.rows(0) == 2
    assert len(merge.flush().offset) == 2


def test_an_ended_topic_is_waited_for_only_so_long() -> None:
    merge = Merge(TOPICS[:2])
    merge.push(1, rows([1]), now_s=10.0)
    merge.push(0, rows([2]), now_s=10.0)
    merge.ready()
    merge.push(0, rows([3], [1]), now_s=10.015)
    assert merge.oldest_s() == 10.0
    assert len(merge.ready(ended={1}, before_s=9.99).offset) == 0
    assert merge.ready(ended={1}, before_s=10.0).offset.tolist() == [0]  # the younger row still waits
    assert merge.rows(0) == 1


def test_a_topic_that_has_brought_nothing_is_waited_for_while_a_stream_begins() -> None:
    """Found by chaos: its partition was a moment late, and the first signals were other ones than offline."""
    merge = Merge(TOPICS[:2], idle_ns=50 * MS)
    merge.push(1, rows([10]))
    assert len(merge.ready(ended={0}).offset) == 0
    merge.push(0, rows([9]))
    assert _order(merge.ready()) == [(0, 0)]
    merge = Merge(TOPICS[:2], idle_ns=50 * MS)
    merge.push(1, rows([10, 61]))
    assert len(merge.ready(ended={0}).offset) == 2  # it is not waited for for ever


def test_what_comes_after_later_rows_left_is_marked_and_leaves_at_once() -> None:
    merge = Merge(TOPICS[:2])
    merge.push(0, rows([100]), now_s=1.0)
    assert len(merge.ready(ended={1}, before_s=1.0).offset) == 1
    merge.push(1, rows([90, 100, 101]), now_s=1.1)
    released = merge.ready()
    # a-book sorts before b-trades: its row of the same stamp is late as well
    assert released.offset.tolist() == [0, 1]
    assert released.flags.tolist() == [Flag.MERGE_LATE, Flag.MERGE_LATE]
    assert merge.flush().flags.tolist() == [0]


def test_an_idle_topic_at_its_end_is_not_waited_for() -> None:
    merge = Merge(TOPICS[:2], idle_ns=5_000 * MS)
    merge.push(1, rows([0]))
    merge.push(0, rows([1, 5_001, 5_002]))
    # a-book is 5.002 s behind: idle once it is known to be at its end
    assert _order(merge.ready()) == [(0, 0)]
    assert len(merge.ready(ended={1}).offset) == 3


def test_absurd_and_missing_stamps_do_not_hold_a_topic() -> None:
    events = rows([10, 20, 30, 40])
    events.arrival_ns[1] = T0 + 10**18  # thirty years ahead, and far from its own event
    events.arrival_ns[2] = NULL
    events.event_ns[2] = 0
    merge = Merge(TOPICS[:2])
    merge.push(0, events)
    merge.push(1, rows([60_020, 60_030]))
    released = merge.ready()
    assert released.offset.tolist() == [0, 0, 1, 2, 3]  # a-book's 60.020 first, then all of ours
    assert not released.flags.any()


def test_rows_of_one_record_stay_together() -> None:
    merge = Merge(TOPICS[:2])
    merge.push(0, rows([10, 30, 30], [0, 0, 1]))
    merge.push(1, rows([20, 40]))
    assert merge.ready().offset.tolist()[:2] == [0, 0]
