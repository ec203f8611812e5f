"""Keys that cost little, and a folder with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.proofs.keys import Identity
from tests.proofs.commands import WORDS, run


@pytest.fixture
def fast_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_PASSPHRASE", WORDS)
    seal = Identity.seal
    monkeypatch.setattr("equipoise.proofs.keys.Identity.seal", lambda self, words: seal(self, words, 1024))


@pytest.fixture
def keyed(fast_keys: None, tmp_path: Path) -> Path:
    del fast_keys
    run("keys", "new", tmp_path / "me.key", "--history", tmp_path / "me.history")
    return tmp_path
