"""The registry's client against a server that says what each test needs; the real one is in test_registry_container."""

import datetime
import ipaddress
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from equipoise.schemas import codec
from equipoise.schemas.errors import (
    IncompatibleError,
    RegistryError,
    RegistryUnavailableError,
    SchemaInvalidError,
    UnknownSchemaError,
)
from equipoise.schemas.registry import Registry, RegistrySettings
from equipoise.schemas.registry_http import redacted
from tests.schemas.fake_registry import Answer, FakeRegistry

TEXT = codec.schema_text("FeeSignal")
SCHEMA: Answer = (200, {"schema": TEXT})


def client(server: FakeRegistry, **settings: Any) -> tuple[Registry, list[float]]:
    """A client whose pauses are recorded instead of slept."""
    pauses: list[float] = []
    return Registry(RegistrySettings(server.url, **settings), sleep=pauses.append), pauses


def always(answer: Answer) -> Callable[[str, str, Any], Answer]:
    return lambda method, path, body: answer


def test_a_schema_is_asked_for_once() -> None:
    with FakeRegistry(always(SCHEMA)) as server:
        registry, _ = client(server)
        assert registry.writer(7) is codec.schema("FeeSignal")
        assert registry.writer(7) is registry.writer(7)
        registry.writer(UUID(int=5))
        assert [path for _, path, _ in server.asked] == ["/api/schemas/ids/7", f"/api/schemas/guids/{UUID(int=5)}"]


def test_an_unknown_id_is_not_asked_for_again_for_a_while() -> None:
    now = [0.0]
    with FakeRegistry(always((404, {"error_code": 40403, "message": "Schema not found"}))) as server:
        registry = Registry(RegistrySettings(server.url, missing_s=30), clock=lambda: now[0])
        for _ in range(5):
            with pytest.raises(UnknownSchemaError, match="schema id: 7"):
                registry.writer(7)
        assert len(server.asked) == 1
        now[0] = 31.0
        with pytest.raises(UnknownSchemaError, match="Schema not found"):
            registry.writer(7)
        assert len(server.asked) == 2


def test_registering_sends_the_text_and_keeps_the_id() -> None:
    with FakeRegistry(always((200, {"id": 42}))) as server:
        registry, _ = client(server)
        assert registry.register("a/b-value", TEXT) == registry.register("a/b-value", TEXT) == 42
        ((method, path, body),) = server.asked
        assert (method, path) == ("POST", "/api/subjects/a%2Fb-value/versions")
        assert set(body) == {"schema", "schemaType"}
        assert body["schemaType"] == "AVRO"
        assert json.loads(body["schema"]) == json.loads(TEXT)
        assert "\n" not in body["schema"]


def test_what_fails_for_now_is_asked_again_after_growing_pauses() -> None:
    answers = iter([(503, {"message": "busy"}), (429, b"slow down"), SCHEMA])
    with FakeRegistry(lambda *_: next(answers)) as server:
        registry, pauses = client(server, backoff_s=0.5)
        assert registry.writer(1)["name"] == "equipoise.v1.FeeSignal"
        assert pauses == [0.5, 1.0]


def test_a_registry_that_stays_away_is_named_with_the_attempts() -> None:
    with FakeRegistry(always((503, {"message": "busy"}))) as server:
        registry, pauses = client(server, attempts=3)
        with pytest.raises(RegistryUnavailableError, match=r"503 busy \(3 attempts\)"):
            registry.writer(1)
        assert len(pauses) == 2
    registry = Registry(RegistrySettings(server.url, attempts=2), sleep=pauses.append)
    with pytest.raises(RegistryUnavailableError, match=r"refused.*\(2 attempts\)"):
        registry.writer(1)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((401, {"message": "who?"}), RegistryError, "refuses these credentials"),
        ((403, b"<html>"), RegistryError, "403"),
        ((422, {"message": "no Avro"}), RegistryError, "422 no Avro"),
        ((409, {"message": "reader lacks X"}), IncompatibleError, "reader lacks X"),
        ((200, b"<html>"), RegistryError, "no JSON"),
        ((200, {"identity": 3}), RegistryError, "id is None"),
        ((200, [1]), RegistryError, "id is None"),
        ((200, b"9" * (16 * 2**20 + 1)), RegistryError, "answer above"),
    ],
)
def test_refusals_are_typed_and_not_repeated(answer: Answer, error: type[Exception], said: str) -> None:
    with FakeRegistry(always(answer)) as server:
        registry, pauses = client(server)
        with pytest.raises(error, match=said):
            registry.register("s", TEXT)
        assert len(server.asked) == 1
        assert pauses == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"schema": "{"}, SchemaInvalidError),
        ({"schema": 3}, RegistryError),
        ([], RegistryError),
        ({"schema": '"long"', "references": [{"name": "a"}]}, RegistryError),
        ({"schema": '"long"', "references": 3}, RegistryError),
        ({"schema": "message A {}", "schemaType": "PROTOBUF"}, RegistryError),
    ],
)
def test_an_answer_without_an_avro_schema_is_refused(answer: Any, error: type[Exception]) -> None:
    with FakeRegistry(always((200, answer))) as server, pytest.raises(error):
        client(server)[0].writer(1)


def test_subjects_are_asked_about() -> None:
    answers: dict[tuple[str, str], Answer] = {
        ("POST", "/api/subjects/s"): (200, {"id": 9}),
        ("GET", "/api/subjects/s/versions/latest"): (200, {"id": 9, "schema": TEXT}),
        ("GET", "/api/subjects/s/versions"): (200, [1, 2]),
    }
    with FakeRegistry(lambda method, path, body: answers.get((method, path), (404, {"message": "none"}))) as server:
        registry, _ = client(server)
        assert registry.lookup("s", TEXT) == 9
        assert registry.latest("s") == (9, codec.schema("FeeSignal"))
        assert registry.versions("s") == [1, 2]
        assert registry.versions("t") == []
        with pytest.raises(UnknownSchemaError, match="none"):
            registry.lookup("t", TEXT)
        answers["GET", "/api/subjects/s/versions"] = (200, {"1": 2})
        with pytest.raises(RegistryError, match="list of integers"):
            registry.versions("s")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"is_compatible": True}), []),
        ((200, {"is_compatible": False, "messages": ["a", "b"]}), ["a", "b"]),
        ((200, {"is_compatible": False}), ["incompatible with the latest version"]),
        ((200, 3), ["incompatible with the latest version"]),
        ((404, {"message": "no subject"}), []),
    ],
)
def test_compatibility_is_asked(answer: Answer, said: list[str]) -> None:
    with FakeRegistry(always(answer)) as server:
        assert client(server)[0].check("s", TEXT) == said
        assert server.asked[0][1] == "/api/compatibility/subjects/s/versions/latest?verbose=true"


def test_credentials_are_sent_and_never_shown() -> None:
    with FakeRegistry(always((401, {"message": "no"}))) as server:
        url = server.url.replace("//", "//ann:s3cret%21@")
        settings = RegistrySettings(url)
        assert (settings.user, settings.password, settings.url) == ("ann", "s3cret!", server.url)
        assert "s3cret" not in repr(settings)
        with pytest.raises(RegistryError) as caught:
            Registry(settings).writer(1)
        assert "s3cret" not in str(caught.value)
        assert server.authorization == ["Basic YW5uOnMzY3JldCE="]


@pytest.mark.parametrize("url", ["localhost:8081", "ftp://host", "http://", "", "file:///etc/passwd"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(RegistryError, match="expected http"):
        RegistrySettings(url)


def test_a_bad_url_is_shown_without_its_secret() -> None:
    assert redacted("htp://ann:s3cret@host/x") == "htp://***@host/x"
    with pytest.raises(RegistryError) as caught:
        RegistrySettings("htp://ann:s3cret@host/x")
    assert "s3cret" not in str(caught.value)


def test_referenced_schemas_are_written_out() -> None:
    money = {"type": "record", "name": "a.Money", "fields": [{"name": "unit", "type": "a.Unit"}]}
    unit = {"type": "enum", "name": "a.Unit", "symbols": ["EUR"]}
    fields = [{"name": name, "type": type_} for name, type_ in (("x", "Money"), ("y", "Money"), ("u", "Unit"))]
    order = {"type": "record", "name": "a.Order", "fields": fields}

    def refer(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "subject": name, "version": 1} for name in names]

    answers = {
        "/api/schemas/ids/1": {"schema": json.dumps(order), "references": refer("a.Money", "a.Unit")},
        "/api/subjects/a.Money/versions/1": {"schema": json.dumps(money), "references": refer("a.Unit")},
        "/api/subjects/a.Unit/versions/1": {"schema": json.dumps(unit)},
    }
    with FakeRegistry(lambda method, path, body: (200, answers[path])) as server:
        schema = client(server)[0].writer(1)
    x, y, u = (field["type"] for field in schema["fields"])
    assert (y, u) == ("a.Money", "a.Unit")
    assert x["name"] == "a.Money"
    assert x["fields"][0]["type"]["symbols"] == ["EUR"]


def test_references_in_a_circle_end() -> None:
    answer = {"schema": '"long"', "references": [{"name": "a", "subject": "a", "version": 1}]}
    with FakeRegistry(always((200, answer))) as server:
        assert client(server)[0].writer(1) == {"type": "long"}
        assert len(server.asked) == 2


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*private))
    return certificate_file, key_file


def test_tls_checks_the_server_and_shows_the_client(tmp_path: Path) -> None:
    certificate_file, key_file = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate_file, key_file)
    tls.load_verify_locations(certificate_file)
    tls.verify_mode = ssl.CERT_REQUIRED
    with FakeRegistry(always(SCHEMA), tls) as server:
        known, _ = client(server, ca_file=certificate_file, cert_file=certificate_file, key_file=key_file)
        assert known.writer(1)["name"] == "equipoise.v1.FeeSignal"
        stranger, _ = client(server, attempts=1)
        with pytest.raises(RegistryUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.writer(1)
        anonymous, _ = client(server, attempts=1, ca_file=certificate_file)
        with pytest.raises(RegistryUnavailableError):
            anonymous.writer(1)


def test_missing_tls_files_are_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="TLS files"):
        Registry(RegistrySettings("https://localhost", ca_file=tmp_path / "none.pem"))
