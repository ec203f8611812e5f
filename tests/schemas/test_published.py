"""Published versions: append-only, and every working schema may follow them."""

import json
from pathlib import Path

import pytest

from equipoise.schemas import codec, published
from equipoise.schemas.errors import IncompatibleError
from equipoise.schemas.local import BuiltIn, local_id


def test_working_schemas_may_follow_every_published_version() -> None:
    assert published.check() == []


@pytest.mark.parametrize("name", codec.NAMES)
def test_every_record_has_a_published_version_that_readers_know(name: str) -> None:
    texts = published.published()[name]
    assert texts
    for text in texts:
        schema = codec.parse(text)
        assert schema["name"] == f"equipoise.v1.{name}"
        assert local_id(BuiltIn().writer(local_id(schema))) == local_id(schema)


def test_only_what_differs_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = {name: [codec.schema_text(name)] for name in codec.NAMES}
    older = json.loads(current["FeeSignal"][0])
    older["fields"] = [field for field in older["fields"] if field["name"] != "rebate_budget"]
    monkeypatch.setattr(published, "published", lambda: current | {"FeeSignal": [json.dumps(older)], "SwapIntent": []})
    assert published.publish(tmp_path) == [tmp_path / "SwapIntent.1.avsc", tmp_path / "FeeSignal.2.avsc"]
    assert (tmp_path / "FeeSignal.2.avsc").read_text() == codec.schema_text("FeeSignal")


def test_nothing_is_published_where_one_may_not_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = json.loads(codec.schema_text("FeeSignal"))
    older["fields"].append({"name": "gone", "type": "string"})
    monkeypatch.setattr(published, "published", lambda: {"SwapIntent": [], "FeeSignal": [json.dumps(older)]})
    with pytest.raises(IncompatibleError, match=r"FeeSignal and its version 1: old readers.*gone"):
        published.publish(tmp_path)
    assert list(tmp_path.iterdir()) == []
