"""`python -m equipoise.proofs.independent`."""

import subprocess
import sys
from pathlib import Path

import pytest

from equipoise.proofs.independent.__main__ import main

from .maker import SEED, HeaderFields, Window, bundle, entry_digest, history_object, public_key


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    first = Window(HeaderFields(start=0, end=5), [])
    second = Window(HeaderFields(start=5, end=9), [], sequence=1, previous=first.statement_digest())
    contents = {name: bundle(w.header_object(), w.attestation_object()) for name, w in (("1", first), ("2", second))}
    contents["history"] = history_object((1, SEED, 1, SEED))
    contents["broken"] = contents["1"][:-1]
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return {name: str(tmp_path / name) for name in [*contents, "missing"]}


def test_files_one_by_one(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([files["1"], files["2"], files["history"]]) == 0
    assert capsys.readouterr().out.count(": accept\n") == 3
    assert main([files["1"], files["broken"]]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith(": accept")
    assert ": malformed: truncated (" in shown[1]


def test_a_chain_with_pinned_keys(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    pin = entry_digest(Path(files["history"]).read_bytes()[11:]).hex()
    trust = ["--history", files["history"], "--pin", pin, "--head", pin]
    assert main([*trust, "--chain", files["1"], files["2"]]) == 0
    assert capsys.readouterr().out == "chain of 2: accept\n"
    assert main([*trust, "--chain", files["2"], files["1"]]) == 1
    assert "invalid: sequence-gap" in capsys.readouterr().out
    assert main(["--key", public_key(SEED).hex(), files["1"]]) == 0
    assert main(["--key", pin, files["1"]]) == 1
    assert "key-unknown" in capsys.readouterr().out


def test_what_it_cannot_read(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([files["missing"]]) == 2
    assert "cannot read" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["--pin", "abcd", files["1"]])
    assert stopped.value.code == 2
    assert "64 hex digits" in capsys.readouterr().err


def test_as_a_module(files: dict[str, str]) -> None:
    command = [sys.executable, "-m", "equipoise.proofs.independent", files["1"]]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stdout == f"{files['1']}: accept\n"
