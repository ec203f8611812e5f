"""The second chance that `make test` gives is one: what fails alone as well has failed."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BESIDE_OTHERS = """
import os

def test_good():
    pass

def test_bad():
    assert {fails}
"""


@pytest.fixture
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check", ROOT / "scripts" / "check.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("fails", "passed"),
    [("'PYTEST_XDIST_WORKER' not in os.environ", True), ("not os.environ", False)],
    ids=["beside others", "always"],
)
def test_what_fails_is_run_once_more_alone(
    check: ModuleType,
    fails: str,
    passed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    tests = tmp_path / "test_some.py"
    tests.write_text(BESIDE_OTHERS.format(fails=fails))
    assert check.passes(tmp_path, "some", str(tests)) is passed
    said = capfd.readouterr().out
    assert ("passed alone" in said) == ("XDIST" in fails)
