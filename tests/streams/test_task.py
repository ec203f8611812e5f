"""The task: everything is accounted for, nothing depends on batches or restarts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.schemas.enums import Cause, Outcome
from equipoise.streams.accounting import Account, outcome_of
from equipoise.streams.task import Dead, Step, Task
from tests.streams.fakes import FakeDecoder, FakeEngine, record

TOPICS = ["orders", "trades"]
WORDS = st.one_of(
    st.just("bad"),
    st.just("skip"),
    st.builds("{}:{}:{}".format, st.integers(1, 3), st.integers(-1, 9), st.integers(0, 40)),
)


def _task() -> Task:
    return Task(TOPICS, FakeEngine(), dict.fromkeys(TOPICS, FakeDecoder()))


def _published(step: Step) -> list[Any]:
    signals = [] if step.outputs is None else step.outputs.signals[["source", "offset", "ordinal"]].tolist()
    return [*signals]


def _dead(steps: list[Step]) -> list[Dead]:
    return sorted((dead for step in steps for dead in step.dead), key=lambda dead: (dead.topic, dead.offset))


def _all_at_once(words: dict[str, list[str]]) -> tuple[list[Any], list[Dead], dict[str, Any]]:
    task = _task()
    records = [record(topic, offset, word) for topic, own in words.items() for offset, word in enumerate(own)]
    steps = [task.feed(records), task.flush()]
    return [row for step in steps for row in _published(step)], _dead(steps), task.accounts()


@pytest.mark.slow  # uncompiled
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_batches_and_restarts_change_nothing(data: st.DataObject) -> None:
    words = {topic: data.draw(st.lists(WORDS, max_size=10)) for topic in TOPICS}
    task, steps, read = _task(), [], dict.fromkeys(TOPICS, 0)
    while any(read[topic] < len(words[topic]) for topic in TOPICS):
        batch = []
        for topic in TOPICS:
            upto = data.draw(st.integers(read[topic], len(words[topic])))
            batch += [record(topic, offset, words[topic][offset]) for offset in range(read[topic], upto)]
            read[topic] = upto
        steps.append(task.feed(batch))
        task.accounts()
        if data.draw(st.booleans()):
            rows, task = task.dump(), _task()
            task.load(rows)
            read = {topic: max(0, task.position(topic) - data.draw(st.integers(0, 2))) for topic in TOPICS}
    steps.append(task.flush())
    signals = [row for step in steps for row in _published(step)]
    assert (signals, _dead(steps), task.accounts()) == _all_at_once(words)
    for topic in TOPICS:
        account = task.accounts()[topic]
        assert account["in"] == len(words[topic])
        assert account["in"] == sum(account[name] for name in ("used", "late", "flagged", "dead_lettered"))


def test_a_refused_record_keeps_its_bytes_and_its_turn() -> None:
    task = _task()
    step = task.feed([record("orders", 0, "1:5:10"), record("orders", 1, "bad"), record("orders", 2, "1:-1:10")])
    assert step.dead == []  # the row before them still waits for `trades`
    assert task.settled() == {"orders": 0, "trades": 0}
    dead = task.flush().dead
    assert [(d.offset, d.cause) for d in dead] == [(1, Cause.TRUNCATED), (2, Cause.PRICE_RANGE)]
    assert [d.record.value for d in dead if d.record] == [b"bad", b"1:-1:10"]
    assert task.settled() == {"orders": 3, "trades": 0}


def test_a_single_topic_never_waits() -> None:
    task = Task(["orders"], FakeEngine(), {"orders": FakeDecoder()})
    step = task.feed([record("orders", 7, "2:5:10"), record("orders", 8, "skip")])
    assert len(_published(step)) == 2
    assert task.settled() == {"orders": 9}
    assert task.accounts()["orders"]["causes"] == {"NOT_AN_EVENT": 1}


def test_records_seen_before_are_skipped() -> None:
    task = Task(["orders"], FakeEngine(), {"orders": FakeDecoder()})
    task.feed([record("orders", offset, "1:5:10") for offset in range(5)])
    task.feed([record("orders", offset, "1:5:10") for offset in range(3, 7)])
    assert task.accounts()["orders"]["in"] == 7


def test_state_of_other_topics_is_refused() -> None:
    other = Task(["trades", "orders"], FakeEngine())
    with pytest.raises(ValueError, match=r"state is of topics \['trades', 'orders'\]"):
        _task().load(other.dump())


def test_an_account_that_does_not_add_up_is_noticed() -> None:
    account = Account(read=3)
    account.book(Outcome.USED, 0, 2)
    account.check(waiting=1)
    with pytest.raises(AssertionError, match="3 records read, 2 settled and 0 waiting"):
        account.check(waiting=0)


def test_every_cause_has_an_outcome_other_than_used() -> None:
    assert all(outcome_of(cause) is not Outcome.USED for cause in Cause if cause is not Cause.NONE)
    assert outcome_of(Cause.UNKNOWN_ORDER) is Outcome.FLAGGED
    assert outcome_of(Cause.TIMESTAMP_AHEAD) is Outcome.DEAD
