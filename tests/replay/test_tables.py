"""Outputs as files: what is read back is what was published."""

import json
from pathlib import Path

import fastavro
import pyarrow.parquet as pq
import pytest

from equipoise.schemas import codec
from equipoise.streams.replay.tables import Output, arrow_schema, arrow_type, read_payloads
from tests.replay.published import KEY, published, spread_record, window_record, write_tables

FORMATS = ("parquet", "jsonl", "avro")


def test_every_format_holds_every_record_in_order(tmp_path: Path) -> None:
    spreads = [spread_record(number) for number in range(20_000)]  # more than two row groups
    write_tables(tmp_path, spreads, [window_record(0)], FORMATS)
    table = pq.read_table(tmp_path / "spread-signals.parquet")
    assert table["id"].to_pylist() == [record["id"] for record in spreads]
    assert table["source_offset"].to_pylist() == list(range(20_000))
    lines = [json.loads(line) for line in (tmp_path / "spread-signals.jsonl").read_text().splitlines()]
    assert [line["as_of_ns"] for line in lines] == [record["as_of_ns"] for record in spreads]
    payloads = read_payloads(tmp_path / "spread-signals.avro")
    assert payloads == [(KEY, codec.encode("SpreadSignal", record)) for record in spreads]


@pytest.mark.parametrize(
    ("schema", "record"), [("SpreadSignal", spread_record(3)), ("ImbalanceWindow", window_record(2))]
)
def test_a_row_is_the_record(tmp_path: Path, schema: str, record: dict[str, object]) -> None:
    with Output(tmp_path, "out", schema, frozenset(FORMATS)) as output:
        output.write(published(schema, record, offset=9))
    assert output.count == 1
    decoded = codec.decode(schema, codec.encode(schema, record))
    (row,) = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row.pop("source_topic"), row.pop("source_offset")) == ("orders", 9)
    assert row == decoded
    line = json.loads((tmp_path / "out.jsonl").read_text())
    assert {name: value for name, value in line.items() if not name.startswith("source_")} == decoded


def test_nulls_stay_null(tmp_path: Path) -> None:
    write_tables(tmp_path, [spread_record(0, reference_mid=None, score=None)], [])
    (row,) = pq.read_table(tmp_path / "spread-signals.parquet").to_pylist()
    assert row["reference_mid"] is None
    assert row["score"] is None
    assert row["components"][1]["value"] is None


def test_no_record_still_makes_a_readable_file(tmp_path: Path) -> None:
    write_tables(tmp_path, [], [], FORMATS)
    assert pq.read_table(tmp_path / "spread-signals.parquet").num_rows == 0
    assert (tmp_path / "spread-signals.jsonl").read_text() == ""
    assert read_payloads(tmp_path / "spread-signals.avro") == []


def test_the_payload_file_says_how_to_read_its_payloads(tmp_path: Path) -> None:
    write_tables(tmp_path, [spread_record(0)], [], ("avro",))
    with (tmp_path / "spread-signals.avro").open("rb") as file:
        reader = fastavro.reader(file)
        schema = json.loads(reader.metadata["equipoise.payload.schema"])
    assert schema["name"] == "SpreadSignal"


def test_the_same_records_make_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, [spread_record(0), spread_record(1)], [window_record(0)], FORMATS)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["SpreadSignal", "FeeSignal", "ImbalanceWindow"])
def test_every_field_has_a_column(name: str) -> None:
    fields = [field["name"] for field in json.loads(codec.schema_text(name))["fields"]]
    assert arrow_schema(name).names == [*fields, "source_topic", "source_offset"]


def test_an_avro_type_without_a_column_type_is_named() -> None:
    with pytest.raises(ValueError, match="no Arrow type"):
        arrow_type({"type": "map", "values": "int"})
