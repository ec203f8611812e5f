"""What is published of a recording: rows that a worker decodes to the very same rows, in time."""

import itertools
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import BookSource
from equipoise.schemas.local import BuiltIn
from equipoise.schemas.wire import frame
from equipoise.streams.records import RawRecord
from equipoise.streams.replay.messages import (
    INSTRUMENT,
    Message,
    Unsent,
    canonical,
    instrument_message,
    paced,
    raw,
    simulated,
)
from equipoise.streams.replay.source import open_source
from equipoise.streams.simulator import Simulator, SimulatorSettings, make_markets
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.sources.decoders import open_decoder
from tests.replay.made import simulated as made
from tests.replay.recorded import RECORDED

ORDER_ID = BuiltIn().register("orders-value", codec.schema_text("OrderEvent"))


def decoded(messages: list[Message], instruments: Instruments) -> dict[str, Events]:
    """Rows by topic, as a worker's decoder sees them."""
    by_topic: dict[str, list[RawRecord]] = defaultdict(list)
    for message in messages:
        own = by_topic[message.topic]
        own.append(RawRecord(message.topic, 0, len(own), message.key, frame(ORDER_ID, message.body)))
    found = {}
    for topic, records in by_topic.items():
        result = CanonicalDecoder(instruments).decode(records)
        assert not result.refusals
        found[topic] = result.events
    return found


def same(ours: Events, theirs: Events) -> None:
    for name in Events._fields:
        if name not in ("source", "offset"):  # where a record lies is the topic's affair
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def test_rows_survive_publication() -> None:
    source = made(3.0)
    messages = list(canonical(source, "orders", "test", Unsent()))
    found = decoded(messages, source.instruments)
    assert list(found) == ["orders"]
    same(found["orders"], source.events)  # type: ignore[attr-defined]
    keys = [source.instruments[index].key.encode() for index in source.events.instrument]  # type: ignore[attr-defined]
    assert [message.key for message in messages] == keys


@pytest.mark.recorded
def test_split_gives_each_channel_its_topic(shared_data: Path) -> None:
    recorded = RECORDED["cm-ethusd_perp"].source(shared_data)
    opened = open_source(type(recorded)(recorded.preset, recorded.files, recorded.instrument, split=True))
    unsent = Unsent()
    messages = list(canonical(opened, "feed", "binance", unsent))
    assert {message.topic for message in messages} == {"feed.book", "feed.trades"}
    assert unsent.causes == {"OTHER_BOOK_SOURCE": 15_812}
    stamps = [message.due_ns for message in messages]
    chunks_apart = sum(later < earlier for earlier, later in itertools.pairwise(stamps))
    assert chunks_apart == 0
    trades = [message for message in messages if message.topic == "feed.trades"]
    assert len(decoded(trades, opened.instruments)["feed.trades"].offset) == 1_732


@pytest.mark.recorded
def test_raw_records_are_as_they_were_recorded(shared_data: Path) -> None:
    opened = open_source(RECORDED["cm-ethusd_perp"].source(shared_data))
    messages = list(raw(opened, "raw"))
    lines = [record.value for record in opened.recording.records()]
    assert [message.body for message in messages] == lines
    assert {message.schema for message in messages} == {""}
    decoder = open_decoder("binance", opened.instruments)
    records = [RawRecord("raw", 0, offset, message.key, message.body) for offset, message in enumerate(messages)]
    result = decoder.decode(records[:3_000])
    anew = open_source(RECORDED["cm-ethusd_perp"].source(shared_data))  # a reader remembers the fills it has seen
    chunk = next(anew.recording.chunks(3_000))
    same(result.events, chunk.decoded.events)
    assert len(result.refusals) == len(chunk.decoded.refusals)


def test_simulations_carry_their_pending_transactions() -> None:
    simulator = Simulator(SimulatorSettings(instruments=make_markets(4)))
    messages = list(simulated(simulator, 5.0, "orders", "mempool"))
    assert {message.topic for message in messages} == {"orders", "mempool"}
    stamps = [message.due_ns for message in messages]
    assert stamps == sorted(stamps)
    quiet = list(simulated(Simulator(SimulatorSettings(instruments=make_markets(4))), 5.0, "orders", ""))
    assert [m for m in messages if m.topic == "orders"] == quiet


def test_pacing_waits_for_what_is_due() -> None:
    now, waits = [100.0], []

    def sleep(seconds: float) -> None:
        waits.append(round(seconds, 6))
        now[0] += seconds

    messages = [Message(5 * 10**9 + at, "t", b"", "", b"") for at in (0, 10**9, 10**9, 4 * 10**9)]
    assert list(paced(messages, 2.0, lambda: now[0], sleep)) == messages
    assert waits == [0.5, 1.5]
    assert list(paced(messages, 0, lambda: now[0], sleep)) == messages
    assert len(waits) == 2


def test_an_instrument_is_published_whole() -> None:
    one = Instrument(
        "V", "S", Decimal("0.050"), Decimal(1000), BookSource.L2, "inverse", Decimal(100), "BTC", session_ns=5
    )
    message = instrument_message(one, "instruments")
    record = codec.decode(INSTRUMENT, message.body)
    assert (record["tick"], record["lot"], record["contract"]) == ("0.05", "1000", "INVERSE")
    assert (record["book_source"], record["multiplier"], record["session_ns"]) == ("L2", "100", 5)
    assert message.key == b"V:S"
