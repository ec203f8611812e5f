"""Avro's resolution rules, each by hand, and against what fastavro then really reads."""

import io
import json
from typing import Any

import fastavro
import pytest

from equipoise.schemas import codec, compat
from equipoise.schemas.errors import DecodingError
from tests.schemas.records import SPREAD


def record(*fields: dict[str, Any], name: str = "R", **extra: Any) -> dict[str, Any]:
    return codec.parse(json.dumps({"type": "record", "name": name, "fields": list(fields), **extra}))


def field(type_: Any, name: str = "f", **extra: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **extra}


def enum(*symbols: str, **extra: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **extra}


NESTED = {"type": "record", "name": "N", "fields": [{"name": "g", "type": "long"}]}
FIXED = {"type": "fixed", "name": "X", "size": 4}


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        (field("long"), field("int")),
        (field("double"), field("float")),
        (field("double"), field("long")),
        (field("bytes"), field("string")),
        (field(["null", "long"]), field("int")),
        (field(["null", "double"]), field(["long", "null"])),
        (field(enum("A", "B")), field(enum("B"))),
        (field(enum("A", default="A")), field(enum("A", "B"))),
        (field({"type": "array", "items": "long"}), field({"type": "array", "items": "int"})),
        (field({"type": "map", "values": "long"}), field({"type": "map", "values": "int"})),
        (field({"type": "long"}), field("long")),
        (field("long", aliases=["old"]), field("long", "old")),
        (field("long", "new", default=0), field("long")),
        (field(NESTED), field(NESTED)),
        (field(FIXED), field(FIXED)),
    ],
)
def test_readable(reader: dict[str, Any], writer: dict[str, Any]) -> None:
    assert compat.differences(record(reader), record(writer)) == []


@pytest.mark.parametrize(
    ("reader", "writer", "said"),
    [
        (field("int"), field("long"), "f: expects int, written as long"),
        (field("string"), field("long"), "f: expects string, written as long"),
        (field("long"), field(["null", "long"]), "f: expects long, written as null"),
        (field(["null", "int"]), field("long"), "f: long fits none of null, int"),
        (field(enum("A")), field(enum("A", "B")), "f: E lacks B and has no default"),
        (field({"type": "array", "items": "int"}), field({"type": "array", "items": "long"}), "f[]: expects int"),
        (field({"type": "map", "values": "int"}), field({"type": "map", "values": "long"}), "f{}: expects int"),
        (field({"type": "map", "values": "int"}), field({"type": "array", "items": "int"}), "expects map"),
        (field("long", "new"), field("long"), "new: is not written and has no default"),
        (field(FIXED | {"size": 5}), field(FIXED), "f: expects 5 bytes, written as 4"),
        (field(NESTED | {"name": "M"}), field(NESTED), "f: expects M, written as N"),
        (field(NESTED | {"fields": [field("int", "g")]}), field(NESTED), "f.g: expects int, written as long"),
    ],
)
def test_not_readable(reader: dict[str, Any], writer: dict[str, Any], said: str) -> None:
    (line,) = compat.differences(record(reader), record(writer))
    assert said in line


def test_a_renamed_record_needs_an_alias() -> None:
    assert compat.differences(record(name="A"), record(name="B")) == ["$: expects A, written as B"]
    assert compat.differences(record(name="A", aliases=["B"]), record(name="B")) == []


def test_recursive_schemas_end() -> None:
    def tree(value: str) -> dict[str, Any]:
        return record(field(value), field(["null", "R"], "next"))

    assert compat.differences(tree("long"), tree("int")) == []
    assert compat.differences(tree("int"), tree("long")) == ["f: expects int, written as long"]


def evolved(name: str, change: Any) -> dict[str, Any]:
    schema = json.loads(codec.schema_text(name))
    change(schema)
    return codec.parse(json.dumps(schema))


def spread_enum(schema: dict[str, Any], field_name: str) -> dict[str, Any]:
    return next(f["type"] for f in schema["fields"] if f["name"] == field_name)


def test_an_optional_field_evolves_both_ways_and_is_really_read() -> None:
    ours = codec.schema("SpreadSignal")
    newer = evolved("SpreadSignal", lambda s: s["fields"].append(field("long", "added", default=7)))
    assert compat.full_differences(newer, ours) == []
    out = io.BytesIO()
    fastavro.schemaless_writer(out, newer, SPREAD | {"added": 1})
    assert codec.decode("SpreadSignal", out.getvalue(), newer) == SPREAD
    old = io.BytesIO(codec.encode("SpreadSignal", SPREAD))
    assert fastavro.schemaless_reader(old, ours, newer) == SPREAD | {"added": 7}


def test_a_new_status_is_read_as_degraded_by_old_readers() -> None:
    newer = evolved("SpreadSignal", lambda s: spread_enum(s, "status")["symbols"].append("PAUSED"))
    assert compat.full_differences(newer, codec.schema("SpreadSignal")) == []
    out = io.BytesIO()
    fastavro.schemaless_writer(out, newer, SPREAD | {"status": "PAUSED"})
    assert codec.decode("SpreadSignal", out.getvalue(), newer)["status"] == "DEGRADED"


def test_a_new_kind_is_refused_because_old_readers_could_not_judge_it() -> None:
    newer = evolved("SpreadSignal", lambda s: spread_enum(s, "kind")["symbols"].append("REPLAY"))
    lines = compat.full_differences(newer, codec.schema("SpreadSignal"))
    assert lines == ["old readers, new records: kind: equipoise.v1.Kind lacks REPLAY and has no default"]


def test_what_the_checker_refuses_fastavro_refuses_too() -> None:
    newer = evolved("SpreadSignal", lambda s: s["fields"].pop(0))  # id
    assert compat.full_differences(newer, codec.schema("SpreadSignal")) == [
        "old readers, new records: id: is not written and has no default"
    ]
    out = io.BytesIO()
    fastavro.schemaless_writer(out, newer, SPREAD)
    with pytest.raises(DecodingError, match="id"):
        codec.decode("SpreadSignal", out.getvalue(), newer)
