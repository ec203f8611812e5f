"""The schema files: parse, document every field, and agree with the enums."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from equipoise.schemas import codec, enums, headers


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


@pytest.mark.parametrize("name", codec.NAMES)
def test_schema_is_named_after_its_file_and_documented(name: str) -> None:
    schema = json.loads(codec.schema_text(name))
    assert codec.schema(name)["name"] == f"equipoise.v1.{name}"
    named = [node for node in nodes(schema) if node.get("type") in ("record", "enum")]
    fields = [field for node in named for field in node.get("fields", ())]
    assert len(fields) > 5
    assert all(node["doc"].strip() for node in named + fields)


@pytest.mark.parametrize("name", codec.NAMES)
def test_fields_of_time_and_measure_say_their_unit(name: str) -> None:
    for node in nodes(json.loads(codec.schema_text(name))):
        for field in node.get("fields", ()):
            if field["name"].endswith("_ns"):
                assert "anosecond" in field["doc"], field["name"]
            if field["name"].endswith("_bps"):
                assert "1e-4" in field["doc"], field["name"]


@pytest.mark.parametrize("name", codec.NAMES)
def test_enums_have_the_symbols_of_the_code_in_its_order(name: str) -> None:
    for node in nodes(json.loads(codec.schema_text(name))):
        if node.get("type") == "enum":
            assert node["symbols"] == [member.name for member in getattr(enums, node["name"])]
            assert [member.value for member in getattr(enums, node["name"])] == list(range(len(node["symbols"])))


def test_dead_letter_fields_name_our_headers() -> None:
    documented = {field["header"] for field in codec.schema("DeadLetterHeaders")["fields"]}
    written = {value for name, value in vars(headers).items() if name.startswith("ERROR_")}
    assert documented == written
