"""A real registry: register everything, evolve, be refused, and read with what it gives back."""

import io
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fastavro
import pytest
from click.testing import CliRunner

from equipoise.schemas import codec, compat, wire
from equipoise.schemas.errors import IncompatibleError, UnknownSchemaError
from equipoise.schemas.reader import decode_signal
from equipoise.schemas.registry import Registry, RegistrySettings
from equipoise.schemas.signals import FeeSignal
from equipoise.schemas.subjects import TOPIC_SETTINGS
from equipoise.streams.cli.schemas import command
from tests.schemas.records import FEE

if TYPE_CHECKING:
    from tests.containers import RegistryContainer

pytestmark = pytest.mark.docker


@pytest.fixture
def client(registry: "RegistryContainer") -> Registry:
    return Registry(RegistrySettings(registry.url))


@pytest.fixture
def subject() -> str:
    return f"{uuid4()}-value"


def changed(name: str, change: Any) -> str:
    schema = json.loads(codec.schema_text(name))
    change(schema)
    return json.dumps(schema)


def add_optional(schema: dict[str, Any]) -> None:
    schema["fields"].append({"name": "added", "type": ["null", "long"], "default": None})


def add_required(schema: dict[str, Any]) -> None:
    schema["fields"].append({"name": "added", "type": "long"})


def add_status(schema: dict[str, Any]) -> None:
    next(field for field in schema["fields"] if field["name"] == "status")["type"]["symbols"].append("PAUSED")


def add_kind(schema: dict[str, Any]) -> None:
    next(field for field in schema["fields"] if field["name"] == "kind")["type"]["symbols"].append("REPLAY")


def retype(schema: dict[str, Any]) -> None:
    next(field for field in schema["fields"] if field["name"] == "tick")["type"] = "double"


def test_every_record_is_registered_checked_and_read_back(registry: "RegistryContainer", client: Registry) -> None:
    prefix = uuid4().hex
    names = [word for name, topic, _ in TOPIC_SETTINGS for word in ("--set", f"topics.{name}={prefix}.{topic}")]
    first = CliRunner().invoke(command, ["register", "--registry", registry.url, *names])
    assert first.exit_code == 0, first.output
    again = CliRunner().invoke(command, ["register", "--registry", registry.url, *names])
    assert again.output == first.output
    checked = CliRunner().invoke(command, ["check", "--registry", registry.url, *names])
    assert checked.exit_code == 0, checked.output
    for _, topic, name in TOPIC_SETTINGS:
        subject = f"{prefix}.{topic}-value"
        schema_id = client.lookup(subject, codec.schema_text(name))
        assert client.latest(subject)[0] == schema_id
        assert client.versions(subject) == [1]
        assert compat.full_differences(client.writer(schema_id), codec.schema(name)) == []
        assert client.writer(schema_id) == codec.schema(name)


@pytest.mark.parametrize("change", [add_optional, add_status])
def test_compatible_evolution_is_accepted_and_read(client: Registry, subject: str, change: Any) -> None:
    client.register(subject, codec.schema_text("FeeSignal"))
    client.set_compatibility(subject, "FULL_TRANSITIVE")
    newer = changed("FeeSignal", change)
    assert client.check(subject, newer) == []
    assert compat.full_differences(codec.parse(newer), codec.schema("FeeSignal")) == []
    schema_id = client.register(subject, newer)
    assert client.versions(subject) == [1, 2]
    writer = client.writer(schema_id)
    record = FEE | ({"added": 5} if change is add_optional else {"status": "PAUSED"})
    signal = decode_signal(wire.frame(schema_id, written(writer, record)), None, client)
    assert isinstance(signal, FeeSignal)
    assert signal.fee_taker_buy == FEE["fee_taker_buy"]
    assert signal.status.name == "DEGRADED"


@pytest.mark.parametrize("change", [add_required, add_kind, retype])
def test_incompatible_evolution_is_refused_by_registry_and_checker(client: Registry, subject: str, change: Any) -> None:
    client.register(subject, codec.schema_text("FeeSignal"))
    client.set_compatibility(subject, "FULL_TRANSITIVE")
    newer = changed("FeeSignal", change)
    assert compat.full_differences(codec.parse(newer), codec.schema("FeeSignal"))
    assert client.check(subject, newer)
    with pytest.raises(IncompatibleError):
        client.register(subject, newer)
    assert client.versions(subject) == [1]


def test_what_is_unknown_is_said(client: Registry, subject: str) -> None:
    with pytest.raises(UnknownSchemaError):
        client.writer(2_000_000_000)
    with pytest.raises(UnknownSchemaError):
        client.lookup(subject, codec.schema_text("FeeSignal"))
    with pytest.raises(UnknownSchemaError):
        client.latest(subject)
    assert client.versions(subject) == []
    assert client.check(subject, codec.schema_text("FeeSignal")) == []


def written(schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()
