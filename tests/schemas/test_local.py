"""Ids without a registry: the same everywhere, kept in a file for other schemas."""

import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from equipoise.schemas import codec
from equipoise.schemas.errors import RegistryError, SchemaInvalidError, UnknownSchemaError
from equipoise.schemas.local import FIRST_LOCAL_ID, BuiltIn, LocalRegistry, local_guid, local_id
from equipoise.schemas.wire import MAX_ID

OTHER = '{"type": "record", "name": "o.Other", "fields": [{"name": "x", "type": "long", "doc": "X."}]}'


def test_our_ids_are_distinct_and_above_any_registrys() -> None:
    ids = {local_id(codec.schema(name)) for name in codec.NAMES}
    assert len(ids) == len(codec.NAMES)
    assert all(FIRST_LOCAL_ID <= number <= MAX_ID for number in ids)


def test_an_id_depends_on_the_bytes_alone() -> None:
    documented, bare = codec.parse(OTHER), codec.parse(OTHER.replace(', "doc": "X."', ""))
    assert local_id(documented) == local_id(bare)
    assert local_id(documented) != local_id(codec.parse(OTHER.replace("long", "int")))
    canonical = '{"name":"o.Other","type":"record","fields":[{"name":"x","type":"long"}]}'
    digest = sha256(canonical.encode()).digest()
    assert local_id(documented) == FIRST_LOCAL_ID + (int.from_bytes(digest[:4], "big") >> 2)
    assert local_guid(documented) == UUID(bytes=digest[:16])


@pytest.mark.parametrize("name", codec.NAMES)
def test_the_package_knows_its_own(name: str) -> None:
    own = BuiltIn()
    schema_id = own.register("any-value", codec.schema_text(name))
    assert own.lookup("any-value", codec.schema_text(name)) == schema_id
    assert own.writer(schema_id)["name"] == f"equipoise.v1.{name}"
    assert own.writer(local_guid(codec.schema(name))) is own.writer(schema_id)


def test_the_package_knows_no_other() -> None:
    with pytest.raises(UnknownSchemaError, match="schema id: 1 is not one of this package's"):
        BuiltIn().writer(1)
    with pytest.raises(UnknownSchemaError, match="orders-value"):
        BuiltIn().register("orders-value", OTHER)


def test_a_file_keeps_other_schemas(tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    first = LocalRegistry(path)
    with pytest.raises(UnknownSchemaError, match=r"ids\.json"):
        first.lookup("orders-value", OTHER)
    schema_id = first.register("orders-value", OTHER)
    before = path.read_bytes()
    assert first.register("orders-value", OTHER) == schema_id
    newer = first.register("orders-value", OTHER.replace("long", "int"))
    again = LocalRegistry(path)
    assert again.subjects() == {"orders-value": [schema_id, newer]}
    assert again.lookup("orders-value", OTHER) == schema_id
    assert again.writer(schema_id)["fields"][0]["type"] == "long"
    assert again.writer(local_guid(codec.parse(OTHER)))["name"] == "o.Other"
    assert again.writer(local_id(codec.schema("FeeSignal"))) is codec.schema("FeeSignal")
    assert before != path.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["ids.json"]
    with pytest.raises(UnknownSchemaError, match="schema id: 5 is not in"):
        again.writer(5)


def test_two_schemas_never_share_an_id(tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    wanted = local_id(codec.parse(OTHER))
    path.write_text(json.dumps({"subjects": {"s": [wanted]}, "schemas": {str(wanted): "long"}}))
    registry = LocalRegistry(path)
    assert registry.register("s", OTHER) == wanted + 1
    assert registry.writer(wanted) == {"type": "long"}
    assert LocalRegistry(path).lookup("s", OTHER) == wanted + 1


@pytest.mark.parametrize(
    "content", ["", "[]", '{"subjects": {}}', '{"subjects": {}, "schemas": {"1": {"type": "no"}}}']
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ids.json"
    path.write_text(content)
    with pytest.raises(RegistryError, match=r"ids\.json: no schema id file"):
        LocalRegistry(path)


def test_a_schema_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaInvalidError):
        LocalRegistry(tmp_path / "ids.json").register("s", "{")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"gone/ids\.json: cannot be written"):
        LocalRegistry(tmp_path / "gone" / "ids.json").register("s", OTHER)
