"""Publishing to a broker, and the claim that live and offline give the same bytes."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from equipoise.schemas import codec
from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.cli import main
from equipoise.streams.replay.publications import OUTPUTS
from equipoise.streams.replay.tables import read_payloads
from tests.replay.recorded import RECORDED
from tests.streams import live

pytestmark = [pytest.mark.broker, pytest.mark.recorded, pytest.mark.slow]


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with EmbeddedBroker() as broker:
        yield broker.start().bootstrap if not broker.alive else broker.bootstrap


def run(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def flags_of(bootstrap: str, name: str, topics: list[str]) -> dict[str, object]:
    flags = live.settings_for(bootstrap, name)
    return flags | {"topics.orders": [{"name": topic} for topic in topics]}


def settings(flags: dict[str, object]) -> list[str]:
    words = []
    for name, value in flags.items():
        text = str(value).replace("'", '"') if isinstance(value, list) else str(value)
        words += ["--set", f"{name}={text}"]
    return words


def offline(folder: Path) -> dict[tuple[str, str], list[bytes]]:
    """Payloads of a backtest by record and instrument."""
    found: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for schema, name in OUTPUTS.items():
        for key, payload in read_payloads(folder / f"{name}.avro"):
            found[schema, key.decode()].append(payload)
    return dict(found)


def first_lines(recorded: Path, folder: Path, lines: int = 1_500) -> Path:
    """The beginning of a recording: the whole takes minutes through a worker."""
    path = folder / recorded.name
    with gzip.open(recorded, "rb") as source, gzip.open(path, "wb") as target:
        target.writelines(islice(source, lines))
    return path


@pytest.mark.parametrize(("name", "split"), [("aapl", False), ("cm-ethusd_perp", True)])
def test_live_and_offline_give_the_same_bytes(
    shared_data: Path, bootstrap: str, tmp_path: Path, name: str, split: bool
) -> None:
    recorded = RECORDED[name]
    source = recorded.source(shared_data)
    own = f"{name.replace('_', '-')}-{'split' if split else 'one'}"
    topics = [f"{own}.book", f"{own}.trades"] if split else [own]
    flags = flags_of(bootstrap, own, topics)
    live.create_topics(flags)
    asked = [
        source.preset,
        *(first_lines(path, tmp_path) if path.suffix == ".gz" else path for path in source.files),
        "--instrument",
        source.instrument,
        "--tick",
        source.tick,
        "--lot",
        source.lot,
    ]
    asked += ["--split"] if split else []
    printed = run("publish", *asked, "--topic", own, *settings(flags))
    assert " acknowledged" in printed
    run("backtest", *asked, "--out", tmp_path / "offline", "--avro")
    placed = [
        live.RawRecord(topic, partition, offset, key, value)
        for topic in topics
        for key, value, _, partition, offset in live.consume(bootstrap, topic)
    ]
    assert {record.key for record in placed} == {source.instrument.encode()}
    with live.Worker(tmp_path, flags) as worker:
        worker.wait_for("Worker ready")
        live.wait_committed(worker, bootstrap, own, placed)
        assert worker.stop() == 0, worker.log[-3000:]
    found = {
        stream: [payload.body for payload in payloads]
        for stream, payloads in live.by_stream(live.published(bootstrap, own)).items()
    }
    wanted = offline(tmp_path / "offline")
    assert found.keys() == wanted.keys()
    for stream, payloads in wanted.items():
        assert len(payloads) > 5, stream
        assert list(dict.fromkeys(found[stream])) == payloads, stream
    explained(flags, wanted)


def explained(flags: dict[str, object], wanted: dict[tuple[str, str], list[bytes]]) -> None:
    """A live signal and a window of the worker come again with the same bytes, and their records are shown."""
    for (schema, _), payloads in wanted.items():
        record = codec.decode(schema, payloads[len(payloads) // 2])
        printed = run("explain", record["id"], *settings(flags))
        assert "the same bytes" in printed
        assert "DIFFERENT" not in printed
        assert "led to it" in printed or "in the window" in printed
        assert "all there" in printed


def forget(bootstrap: str, before: dict[tuple[str, int], int]) -> None:
    """Let the source lose what lies below these offsets, as retention does."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in before.items()]
    for future in admin.delete_records(places).values():
        future.result(10)


def test_a_signal_is_recomputed_from_where_its_worker_began(bootstrap: str, tmp_path: Path) -> None:
    """The worker of this test finds a topic that has lost its first records; then the topic loses more."""
    flags = flags_of(bootstrap, "began", ["began"])
    live.create_topics(flags)
    run("publish", "simulator", "--seconds", 3, "--count", 1, "--topic", "began", *settings(flags))
    records = [
        live.RawRecord("began", partition, offset, key, value)
        for key, value, _, partition, offset in live.consume(bootstrap, "began")
    ]
    place = "began", records[0].partition
    forget(bootstrap, {place: 200})
    with live.Worker(tmp_path, flags) as worker:
        worker.wait_for("Worker ready")
        live.wait_committed(worker, bootstrap, "began", records)
        assert worker.stop() == 0, worker.log[-3000:]
    ids = [one.id for one in live.published(bootstrap, "began") if "/live/" in one.id]
    assert len(ids) > 20
    early, late = ids[5], ids[-5]
    for signal in (early, late):
        printed = run("explain", signal, *settings(flags))
        assert "read again from offset 200, all there" in printed
        assert "the same bytes" in printed
        assert "DIFFERENT" not in printed
    forget(bootstrap, {place: len(records) // 2})
    for signal, said in (
        (early, f"began[{place[1]}] no longer holds offset"),
        (late, "NO LONGER HOLDS THE WHOLE RANGE"),
    ):
        result = CliRunner().invoke(main, ["explain", signal, *settings(flags)])
        assert result.exit_code == 1
        assert said in result.output


def test_a_missing_topic_and_a_missing_broker_are_one_sentence_each(shared_data: Path, bootstrap: str) -> None:
    source = RECORDED["aapl"].source(shared_data)
    asked = ["publish", source.preset, *map(str, source.files), "--instrument", source.instrument]
    for words, said in (
        ([f"kafka.bootstrap={bootstrap}"], "no topic nowhere, equipoise.instruments at"),
        (["kafka.bootstrap=127.0.0.1:1", "--set", "kafka.request_timeout_ms=1000"], "is a broker running?"),
    ):
        result = CliRunner().invoke(main, [*asked, "--topic", "nowhere", "--set", *words])
        assert result.exit_code == 1
        assert said in result.output
        assert "Traceback" not in result.output


def test_the_simulator_is_published(bootstrap: str) -> None:
    flags = flags_of(bootstrap, "sim", ["sim"])
    live.create_topics(flags)
    printed = run("publish", "simulator", "--seconds", 2, "--topic", "sim", *settings(flags))
    records = list(live.consume(bootstrap, "sim"))
    assert f"sim: {len(records):,} of {len(records):,} acknowledged" in printed
    keys = {key for key, *_ in records}
    assert keys == {key for key, *_ in live.consume(bootstrap, "sim.instruments")}
    assert len(keys) == 3
