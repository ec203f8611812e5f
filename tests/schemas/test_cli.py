"""`equipoise schemas`, as one would call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from equipoise.schemas import codec, published
from equipoise.streams.cli.registry_options import REGISTRY_NAMES, target
from equipoise.streams.cli.schemas import command
from tests.schemas.fake_registry import Answer, FakeRegistry


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(command, list(words), env=environment, prog_name="equipoise schemas")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_show_lists_and_prints() -> None:
    listed = run("show")
    assert listed.exit_code == 0
    assert "OrderEvent" in listed.output
    printed = run("show", "OrderEvent")
    assert json.loads(printed.output)["name"] == "OrderEvent"
    assert run("show", "Order").exit_code == 1


def test_register_in_a_file(tmp_path: Path) -> None:
    done = run("register", "--set", "registry.ids_file=ids.json", "--set", "topics.spread_signals=quotes")
    assert done.exit_code == 0, done.output
    subjects = json.loads((tmp_path / "ids.json").read_text())["subjects"]
    assert "quotes-value" in subjects
    assert "equipoise.spread-signals-value" not in subjects
    assert "9 subjects in ids.json" in done.output


def test_register_in_a_registry_with_a_rule() -> None:
    def answer(method: str, path: str, body: Any) -> Answer:
        return (200, {"id": 5}) if method == "POST" else (200, body)

    with FakeRegistry(answer) as server:
        done = run(
            "register", "--registry", server.url, "--compatibility", "FULL_TRANSITIVE",
            EQUIPOISE_REGISTRY__USERNAME="ann", EQUIPOISE_REGISTRY__PASSWORD="s3cret",
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert [method for method, _, _ in server.asked] == ["POST", "PUT"] * 9
    assert server.asked[1] == ("PUT", "/api/config/orders-value", {"compatibility": "FULL_TRANSITIVE"})
    assert set(server.authorization) == {"Basic YW5uOnMzY3JldA=="}
    assert "s3cret" not in done.output


def test_a_refusal_is_one_sentence_and_status_1() -> None:
    with FakeRegistry(lambda *_: (409, {"message": "reader lacks X"})) as server:
        done = run("register", "--registry", server.url)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "reader lacks X" in done.output


def test_check_against_published_versions_and_the_registry() -> None:
    alone = run("check")
    assert (alone.exit_code, alone.output) == (0, "10 schemas are compatible with their published versions\n")
    with FakeRegistry(lambda *_: (200, {"is_compatible": False, "messages": ["no"]})) as server:
        refused = run("check", "--registry", server.url)
        assert refused.exit_code == 1
        assert "orders-value: no" in refused.output
        assert run("check", "--registry", server.url, "--offline").exit_code == 0
    with FakeRegistry(lambda *_: (404, {"message": "no subject"})) as server:
        assert run("check", "--registry", server.url).exit_code == 0


def test_check_names_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = json.loads(codec.schema_text("FeeSignal"))
    earlier["fields"].append({"name": "gone", "type": "long"})
    monkeypatch.setattr(published, "published", lambda: {"FeeSignal": [json.dumps(earlier)]})
    done = run("check")
    assert done.exit_code == 1
    assert done.output == (
        "Error: FeeSignal and its version 1: old readers, new records: gone: is not written and has no default\n"
    )


def test_settings_come_from_file_environment_and_flags(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "equipoise.toml").write_text(
        """
        [registry]
        url = "http://file:1"
        username = "file"
        ssl_ca_file = "ca.pem"
        [topics]
        fee_signals = "fees"
        mempool = ""
        orders = [{name = "l3"}, {name = "raw", format = "binance"}, {pattern = "x.*"}]
        """
    )
    monkeypatch.setenv("EQUIPOISE_REGISTRY__URL", "http://environment:2")
    found = target(None, {"registry.username": "flag", "kafka.bootstrap": "b:9"})
    assert found.registry is not None
    assert (found.registry.url, found.registry.user) == ("http://environment:2", "flag")
    assert found.registry.ca_file == Path("ca.pem")
    assert found.records["fees"] == "FeeSignal"
    assert found.records["l3"] == "OrderEvent"
    assert not {"raw", "mempool", "", "orders", "x.*"} & set(found.records)
    monkeypatch.setenv("EQUIPOISE_TOPICS__ORDERS", '[{"name": "other"}]')
    assert "other" in target(None, {}).records


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("x =", [], "equipoise.toml"),
        ("registry = 3", [], "registry: 3, expected a table"),
        ("", ["--set", "registry.ulr=x"], "registry.ulr: no such setting"),
        ("", ["--set", "topics.orders=[{"], "topics.orders"),
        ("", ["--config", "none.toml"], "none.toml"),
        ("", ["--registry", "ftp://x"], "expected http"),
    ],
)
def test_wrong_settings_are_one_sentence(tmp_path: Path, content: str, words: list[str], said: str) -> None:
    (tmp_path / "equipoise.toml").write_text(content)
    done = run("check", *words)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert said in done.output


def test_names_are_those_of_the_typed_settings() -> None:
    from equipoise.schemas.subjects import TOPIC_SETTINGS
    from equipoise.streams.settings import Registry, Settings, Topics

    assert set(REGISTRY_NAMES) == set(Registry.model_fields)
    topics = Settings().topics
    for name, default, _ in TOPIC_SETTINGS:
        assert name in Topics.model_fields
        if name == "orders":
            assert [entry.name for entry in topics.orders] == [default]
        elif name != "mempool":  # off by default in a worker; its schema can be registered all the same
            assert getattr(topics, name) == default


def test_the_bare_install_has_the_commands() -> None:
    blocked = {"numpy", "numba", "faust", "aiokafka", "confluent_kafka", "pydantic", "pydantic_settings", "msgspec"}
    code = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name + " is blocked", name=name)
sys.meta_path.insert(0, Blocked())
from equipoise.streams.cli import main
main(["schemas", *sys.argv[1:]])
"""
    for words in (["check"], ["show"], ["register", "--set", "registry.ids_file=ids.json"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout
