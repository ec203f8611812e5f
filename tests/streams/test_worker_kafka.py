"""The worker on Apache Kafka: killed, doubled, fed in any sizes, fed with rubbish. What it publishes stays the same."""

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Cause, Outcome
from equipoise.schemas.local import BuiltIn
from equipoise.streams.accounting import outcome_of
from equipoise.streams.outgoing import payloads
from equipoise.streams.records import RawRecord
from equipoise.streams.recovery import Reader
from equipoise.streams.replay import messages
from equipoise.streams.replay.publish import Publisher
from equipoise.streams.replay.source import Opened, Source, open_source
from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.state_rows import select
from equipoise.streams.task import Task, split_partition_row
from tests.containers import KafkaContainer
from tests.streams import live

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def _accounts(flags: dict[str, object]) -> dict[tuple[str, int], dict[str, int]]:
    """By topic and partition, as the last checkpoint has them."""
    settings, found = load(flags=flags), {}
    with Reader(settings) as reader:
        for number in range(live.PARTITIONS):
            rows = select(reader.records(settings.topics.state, number)).rows
            header, _ = split_partition_row(rows[""])
            for topic, account in zip(header["topics"], header["accounts"], strict=True):
                found[topic, number] = account
    return found


def _same(found: list[live.Payload], wanted: list[live.Payload]) -> None:
    """Per instrument the same payloads in the same order; one (id, revision) never has two byte strings."""
    for (kind, key, id_, revision), same in itertools.groupby(sorted(found, key=lambda p: p[:4]), key=lambda p: p[:4]):
        assert len({payload.body for payload in same}) == 1, (kind, key, id_, revision)
    by_stream, expected = live.by_stream(found), live.by_stream(wanted)
    assert by_stream.keys() == expected.keys()
    for stream, own in expected.items():
        assert list(dict.fromkeys(by_stream[stream])) == own, stream


def test_a_killed_worker_is_followed_by_another_without_loss(kafka: KafkaContainer, tmp_path: Path) -> None:
    name = "killed"
    flags = live.settings_for(kafka.bootstrap, name, **{"instruments.file": live.instruments_file(tmp_path)})
    flags["kafka.session_timeout_ms"] = 6_000
    flags |= {"time.merge_wait_ms": 2_000, "time.idle_ms": 3_600_000}  # here twenty seconds of events come in one
    live.create_topics(flags)
    market = live.market(8_000, pause_every=4_000)  # no stamp of the second half is below one of the first
    records = live.raw_records(name, market)
    half_ns = market["book"][len(market["book"]) // 2]["event_time_ns"]
    first_half = {topic: [event for event in own if event["event_time_ns"] < half_ns] for topic, own in market.items()}
    early = live.raw_records(name, first_half)
    rest = [record for record in records if record not in early]
    rest.sort(key=lambda record: json.loads(record.value or b"")["event_time_ns"])  # no topic runs ahead for long
    live.publish(kafka.bootstrap, early)
    with live.Worker(tmp_path, flags) as first:
        first.wait_for("Worker ready")
        live.wait_committed_some(kafka.bootstrap, name, records)
        live.publish(kafka.bootstrap, rest)  # something is under way then, however fast the worker is
        first.kill()
    with live.Worker(tmp_path, flags) as second:
        second.wait_for("Worker ready")  # the first may have committed everything meanwhile
        live.wait_committed(second, kafka.bootstrap, name, records)
        assert second.stop() == 0, second.log[-3000:]
    _same(live.published(kafka.bootstrap, name), live.offline(records, flags)[0])
    accounts = _accounts(flags)
    assert sum(account["in"] for account in accounts.values()) == len(records)
    for account in accounts.values():
        assert account["in"] == sum(account[kind] for kind in ("used", "late", "flagged", "dead_lettered"))


def _bad(good: dict[str, object]) -> Iterable[tuple[Cause, bytes | None]]:
    """One record of every kind of rubbish, with what it should be called."""

    def changed(**fields: object) -> bytes:
        return json.dumps({**good, **fields}).encode()

    avro = BuiltIn().register(
        "x-value", __import__("equipoise.schemas.codec", fromlist=["x"]).schema_text("OrderEvent")
    )
    yield Cause.TRUNCATED, changed()[:-20]
    yield Cause.TRUNCATED, b"\0" + avro.to_bytes(4, "big") + b"\x02"
    yield Cause.MISTYPED, b'{"venue": [1, 2]}' + b"}"
    yield Cause.MISTYPED, changed(price="ten")
    yield Cause.MISSING_FIELD, changed(order_id=0)
    yield Cause.UNKNOWN_SCHEMA, b"\0\0\0\0\x07body"
    yield Cause.UNKNOWN_SCHEMA, b"neither JSON nor Avro"
    yield Cause.UNKNOWN_WORD, changed(action="MELT")
    yield Cause.TOO_LARGE, changed(source="x" * 2_000)
    yield Cause.QUANTITY_RANGE, changed(quantity=-5)
    yield Cause.QUANTITY_RANGE, changed(quantity=2**63)
    yield Cause.PRICE_RANGE, changed(price=2**60)
    yield Cause.TIMESTAMP_RANGE, changed(event_time_ns=86_400 * 10**9)
    yield Cause.TIMESTAMP_RANGE, changed(event_time_ns=4_102_444_800 * 10**9)
    stamp = int(str(good["event_time_ns"]))
    yield Cause.TIMESTAMP_AHEAD, changed(event_time_ns=stamp + 3_600 * 10**9, arrival_time_ns=stamp)
    yield Cause.UNKNOWN_INSTRUMENT, changed(symbol="NOBODY")
    yield Cause.UNKNOWN_ORDER, changed(action="CANCEL", order_id=999_999_999)
    yield Cause.DUPLICATE_ORDER, changed()
    yield Cause.NOT_AN_EVENT, None


def test_rubbish_of_every_kind_stops_nothing(kafka: KafkaContainer, tmp_path: Path) -> None:
    name = "rubbish"
    flags = live.settings_for(kafka.bootstrap, name, **{"instruments.file": live.instruments_file(tmp_path)})
    flags["limits.record_max_bytes"] = 1_000
    flags["topics.orders"] = [{"name": f"{name}.book"}]
    live.create_topics(flags)
    events = live.market(900)["book"]
    good = next(event for event in events if event["action"] == "ADD" and event["symbol"] == "S0")
    last = {**good, "order_id": 77_777_777, "event_time_ns": max(int(str(e["event_time_ns"])) for e in events)}
    bad = list(_bad(last))
    rubbish = [RawRecord(f"{name}.book", 0, 0, b"V:S0", value) for _, value in bad]
    first = RawRecord(f"{name}.book", 0, 0, b"V:S0", json.dumps(last).encode())
    sent = [*live.raw_records(name, {"book": events}), first, *rubbish, *live.raw_records(name, {"book": events[-40:]})]
    live.publish(kafka.bootstrap, sent)
    counted = Counter((record.topic, record.partition) for record in sent)
    with live.Worker(tmp_path, flags) as worker:
        live.wait_ends(worker, kafka.bootstrap, name, dict(counted))
        assert worker.stop() == 0, worker.log[-3000:]
    accounts = _accounts(flags)
    assert {place: account["in"] for place, account in accounts.items()} == dict(counted)
    causes: Counter[str] = Counter()
    for account in accounts.values():
        causes.update(account["causes"])
    wanted = Counter(cause.name for cause, _ in bad)
    assert {cause: causes[cause] for cause in wanted if cause not in ("DUPLICATE_ORDER", "UNKNOWN_ORDER")} == {
        cause: count for cause, count in wanted.items() if cause not in ("DUPLICATE_ORDER", "UNKNOWN_ORDER")
    }
    assert causes["DUPLICATE_ORDER"] >= 1
    assert causes["UNKNOWN_ORDER"] >= 1
    letters = list(live.consume(kafka.bootstrap, f"{name}.dead-letters"))
    dead = Counter((cause.name, value) for cause, value in bad if outcome_of(cause) is Outcome.DEAD)
    assert Counter((headers["equipoise-cause"].decode(), value) for _, value, headers, _, _ in letters) == dead
    for key, _, headers, _, _ in letters:
        assert key == b"V:S0"
        assert headers["__streams.errors.topic"] == f"{name}.book".encode()
        assert int(headers["__streams.errors.partition"]) == 0
        assert int(headers["__streams.errors.offset"]) < counted[f"{name}.book", 0]
        assert headers["__streams.errors.message"]


# --- recordings: live is the backtest ---


def _murmur2(data: bytes) -> int:
    """Java's Utils.murmur2, by which keys find their partition."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    for at in range(0, len(data) - 3, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if rest := data[len(data) & ~3 :]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def _partition(key: str) -> int:
    return (_murmur2(key.encode()) & 0x7FFFFFFF) % live.PARTITIONS


def _instruments(symbols: Iterable[str]) -> list[str]:
    """A venue for each that puts it on a partition of its own: recordings of other years have other watermarks."""
    return [
        next(key for key in (f"V{n}:{symbol}" for n in itertools.count()) if _partition(key) == number)
        for number, symbol in enumerate(symbols)
    ]


def _sources(data: Path, folder: Path) -> list[Source]:
    """Four recordings, one a partition; the two of Binance have a topic a channel."""
    names = _instruments(["BTCUSDT", "ETHUSD_PERP", "ARL", "AAPL"])
    short = []
    for path in ("usdm/btcusdt_20240808.gz", "cm/ethusd_perp_20240808.gz"):
        with gzip.open(data / "binance-hftbacktest" / path) as recorded:
            lines = list(itertools.islice(recorded, 1_500))
        short.append(folder / path.replace("/", "-"))
        short[-1].write_bytes(gzip.compress(b"".join(lines)))
    lobster = data / "lobster-aapl-l10-998rows"
    files = [
        ("binance", (short[0],), True),
        ("binance", (short[1],), True),
        ("databento-mbo", (data / "databento-arl-mbo" / "mbo.csv",), False),
        ("lobster", tuple(sorted(lobster.glob("*message*"))), False),
    ]
    return [Source(preset, paths, name, split=split) for (preset, paths, split), name in zip(files, names, strict=True)]


def _backtest(opened: Opened, flags: dict[str, object]) -> list[live.Payload]:
    """As `equipoise backtest`, with the two topics that the worker's task has: how many there are is part of the input.

    A topic that never speaks holds the first windows open, until it counts as idle.
    """
    topics, table, found = ("orders.book", "orders.trades"), opened.instruments, []
    task = Task(topics, Engine(table, engine_settings(load(flags=flags)), len(topics)))
    steps = [
        task.feed_rows(topic if opened.split else topics[0], decoded, numbers)
        for feeds in opened.chunks()
        for topic, decoded, numbers in feeds
    ]
    for step in (*steps, task.flush()):
        if step.outputs is not None:
            for schema, instrument, body, _, _ in payloads(step.outputs, table):
                found.append(live.payload(schema, instrument.key, body))
    return found


class Recorded(NamedTuple):
    """What was published once, for all fetch sizes."""

    flags: dict[str, object]
    ends: dict[tuple[str, int], int]
    wanted: list[live.Payload]


@pytest.fixture(scope="module")
def recorded(kafka: KafkaContainer, tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Recorded:
    sources = _sources(shared_data, tmp_path_factory.mktemp("recordings"))
    flags = live.settings_for(kafka.bootstrap, "recorded")
    settings = live.create_topics(flags)
    publisher = Publisher(settings, BuiltIn())
    for source in sources:
        opened = open_source(source)
        publisher.send([messages.instrument_message(opened.recording.instrument, settings.topics.instruments)])
        sent = messages.canonical(opened, "recorded", source.preset, messages.Unsent())
        publisher.send(m if source.split else m._replace(topic="recorded.book") for m in sent)
    assert publisher.flush() == 0
    ends = live.ends(kafka.bootstrap, ["recorded.book", "recorded.trades"])
    assert sorted(n for (topic, n), end in ends.items() if topic == "recorded.book" and end) == [0, 1, 2, 3]
    wanted = [payload for source in sources for payload in _backtest(open_source(source), flags)]
    return Recorded(flags, ends, wanted)


@pytest.mark.recorded
@pytest.mark.parametrize(("fetch", "batch"), [(2_000, 7), (60_000, 400), (1 << 20, 5_000)])
def test_recordings_give_the_backtests_signals(
    kafka: KafkaContainer, tmp_path: Path, recorded: Recorded, fetch: int, batch: int
) -> None:
    name = f"recorded-{fetch}"
    own = live.settings_for(kafka.bootstrap, name) | {
        "topics.orders": recorded.flags["topics.orders"],
        "topics.instruments": recorded.flags["topics.instruments"],
        "kafka.fetch_max_bytes": fetch,
        "kafka.batch_max_records": batch,
    }
    live.create_topics(own, existing=True)
    with live.Worker(tmp_path, own) as one, live.Worker(tmp_path, own) as other:
        for worker in (one, other):  # one that is fast may be through before the other has joined
            worker.wait_for("continues at")
        live.wait_ends(one, kafka.bootstrap, name, recorded.ends)
        assert one.stop() == 0, one.log[-3000:]
        assert other.stop() == 0, other.log[-3000:]
    _same(live.published(kafka.bootstrap, name), recorded.wanted)
    accounts = _accounts(own)
    assert {place: account["in"] for place, account in accounts.items()} == recorded.ends
    for account in accounts.values():
        assert account["in"] == sum(account[kind] for kind in ("used", "late", "flagged", "dead_lettered"))
