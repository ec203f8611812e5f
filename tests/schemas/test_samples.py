"""The committed samples: no drift, all that a record can say, and damage that never escapes the error type."""

import json
import shutil
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec, wire
from equipoise.schemas.enums import Action
from equipoise.schemas.errors import DecodingError, EncodingError, SchemasError
from equipoise.schemas.local import local_id
from equipoise.schemas.reader import decode_signal
from equipoise.schemas.samples import FOLDER, drift, samples, write
from equipoise.schemas.signals import RECORDS
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.canonical import CanonicalDecoder

BODIES = [(path.name.split(".")[0], path.read_bytes()) for path in sorted(FOLDER.glob("*.bin"))]


def test_files_are_what_the_generator_writes() -> None:
    assert drift() == []


@pytest.mark.parametrize("name", codec.NAMES)
def test_each_record_has_several_samples(name: str) -> None:
    assert len(samples(name)) >= 2


@pytest.mark.parametrize("name", codec.NAMES)
def test_binary_and_json_say_the_same(name: str) -> None:
    for what, record in samples(name).items():
        assert codec.decode(name, (FOLDER / f"{name}.{what}.bin").read_bytes()) == record


def test_every_action_of_an_order_event_is_shown() -> None:
    shown = {record["action"] for record in samples("OrderEvent").values()}
    assert shown == {action.name for action in Action} - {"INTENT", "RETRACT"}


def test_a_worker_reads_the_same_row_from_either_form() -> None:
    shown = samples("OrderEvent")
    del shown["extremes"]  # no market's: refused at the edge
    instruments = Instruments()
    for venue, symbol in {(record["venue"], record["symbol"]) for record in shown.values()}:
        instruments.add(Instrument(venue, symbol, Decimal(1), Decimal(1)))
    decoder = CanonicalDecoder(instruments)
    schema_id = local_id(codec.schema("OrderEvent"))
    for what in shown:
        text = (FOLDER / f"OrderEvent.{what}.json").read_bytes()
        binary = wire.frame(schema_id, (FOLDER / f"OrderEvent.{what}.bin").read_bytes())
        from_text = decoder.decode([RawRecord("orders", 0, 0, None, text)])
        from_binary = decoder.decode([RawRecord("orders", 0, 0, None, binary)])
        assert from_text.refusals == from_binary.refusals == []
        assert [column.tolist() for column in from_text.events] == [column.tolist() for column in from_binary.events]
        assert len(from_binary.events.action) == 1


def test_a_binary_sample_by_hand() -> None:
    body = (FOLDER / "OrderEvent.add.bin").read_bytes()
    strings = b"\x0ebinance\x0eBTCUSDT"  # length 7, zigzag: 14
    words = b"\x02\x02"  # ADD, BID
    price = b"\x02" + bytes([0x84, 0xA5, 0x43])  # branch 1; 551234 × 2 = 0b1000011_0100101_0000100
    quantity = b"\x02" + bytes([0xB8, 0x17])  # 1500 × 2
    assert body.startswith(strings + words + price + quantity)
    assert body.endswith(b"\x0csample\x00\x00")


def test_drift_is_seen_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    shutil.copytree(FOLDER, folder)
    assert drift(folder) == []
    (folder / "OrderEvent.add.bin").write_bytes(b"")
    (folder / "FeeSignal.live.bin").unlink()
    (folder / "Nothing.at-all.bin").write_bytes(b"")
    text = (folder / "OrderEvent.clear.json").read_text()
    (folder / "OrderEvent.clear.json").write_text(text.replace('  "flags": 0,\n', ""))
    assert sorted(drift(folder)) == [
        "FeeSignal.live.bin: is missing",
        "Nothing.at-all.bin: belongs to no sample",
        "OrderEvent.add.bin: differs",
        "OrderEvent.clear.json: differs",
    ]
    write(folder)
    assert drift(folder) == ["Nothing.at-all.bin: belongs to no sample"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "OrderEvent.add.json"), (json.dumps({"venue": 3}), "venue"), ('{"venue": "x"}', "symbol")],
)
def test_a_sample_that_does_not_fit_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "OrderEvent.add.json").write_text(content)
    with pytest.raises(EncodingError, match=said):
        drift(tmp_path)


@pytest.mark.parametrize(("name", "body"), [pair for pair in BODIES if pair[0] in RECORDS])
def test_every_signal_sample_is_read(name: str, body: bytes) -> None:
    assert type(decode_signal(wire.frame(local_id(codec.schema(name)), body))) is RECORDS[name]


@given(st.sampled_from(BODIES), st.data())
def test_damaged_bodies_raise_nothing_else(sample: tuple[str, bytes], data: Any) -> None:
    name, body = sample
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(body)))] + data.draw(st.binary(max_size=12))
    with suppress(DecodingError):
        codec.decode(name, bytes(damaged))
    if name in RECORDS:
        with suppress(SchemasError):
            decode_signal(wire.frame(local_id(codec.schema(name)), bytes(damaged)))


@given(st.binary(max_size=80), st.none() | st.binary(max_size=20))
def test_any_message_is_a_signal_or_a_typed_error(value: bytes, found: bytes | None) -> None:
    with pytest.raises(SchemasError):
        decode_signal(value, [("__value_schema_id", found)])
