"""The commands under nonsense: every mistake is a sentence, never a traceback, and leaves what was there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proofs.commands import COLUMNS, WORDS, minutes, pinned, prove, run, table


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe", "not CSV in UTF-8 (UnicodeDecodeError)"),
        (b"", "no column participant"),
        (b"participant,order_id,event_time_ns,buy,sell\na," + b"x" * 200_000 + b",1,1,0\n", "not CSV in UTF-8 (Error)"),
        (b"event_time_ns,buy,sell,order_id,participant\n1,1,0\n", "line 2: ends before participant"),
        (b"event_time_ns,buy,sell,order_id,participant\n1,1,0,o\n", "line 2: ends before participant"),
        (b"participant,order_id,event_time_ns,buy,sell\nt,o,1," + b"9" * 5000 + b",0\n", "line 2: buy = '99999"),
        ("participant,order_id,event_time_ns,buy,sell\nt,o,1,٣,0\n".encode(), "line 2: buy = '٣'"),
        (
            b"participant,order_id,event_time_ns,buy,sell\nt t,o,1,1,0\n",
            "line 2: participant: printable ASCII",
        ),
        (b"participant,order_id,event_time_ns,buy,sell\n" + b"t,o,1,4000000000,0\n" * 2, "range_bits 64 allows more"),
    ],
)
def test_files_that_hold_no_orders(keyed: Path, data: bytes, said: str) -> None:
    (keyed / "bad.csv").write_bytes(data)
    fixed = ("--stream", "demo", "--instrument", "TEST:SYN", "--key", keyed / "me.key", "--out", keyed / "day")
    shown = run("prove", keyed / "bad.csv", *fixed, code=1)
    assert said in shown
    assert len(shown) < 400
    assert not list((keyed / "day").glob("*.eqp"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--dominance", "nan"), 2, "nan: must be in 1e-06..1"),
        (("--dominance", "inf"), 2, "inf: must be in 1e-06..1"),
        (("--dominance", "0"), 2, "0.0: must be in 1e-06..1"),
        (("--dominance", "2"), 2, "2.0: must be in 1e-06..1"),
        (("--window", "0"), 2, "x>=1"),
        (("--window", str(10**20)), 1, f"header.window_end = {10**29}: must be in 0..{2**63 - 1}"),
        (("--window", "9" * 4000), 1, "header.window_end = a number of 13"),
        (("--least-volume", str(10**24), "--threshold"), 1, f"header.v_min = {10**24}: must be in 0..{2**52}"),
        (("--edges", "-10,99999", "--threshold"), 1, "header.edges: must be in -32768..32767"),
        (("--edges", ",".join(map(str, range(300))), "--threshold"), 1, "header.edges: must be in 0..32"),
        (("--edges", "99999,1", "--threshold"), 1, "edges"),
        (("--edges", "-10,11,3", "--threshold"), 1, "edges"),
        (("--least-volume", str(1 << 60), "--threshold"), 1, "v_min"),
        (("--stream", ""), 1, "stream: 0 characters"),
        (("--stream", "ünï"), 1, "stream"),
        (("--stream", "x" * 65), 1, "stream"),
        (("--stream", "x" * 300), 1, "stream: 300 characters, must be 1..64"),
        (("--lot", "1e3"), 1, "header.lot: must be a decimal above 0 without trailing zeros, for example 0.001"),
        (("--lot", "0"), 1, "must be a decimal above 0"),
        (("--cluster", "a b"), 1, "cluster"),
        (("--min-traders", "70000"), 2, "65535"),
    ],
)
def test_terms_that_are_none(keyed: Path, words: tuple[str, ...], code: int, said: str) -> None:
    shown = prove(keyed, minutes(1), *words, code=code)
    assert said in shown
    assert not list((keyed / "day").glob("*.eqp"))


def test_passphrases_that_are_no_text(keyed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = keyed / "words"
    fixed = ("keys", "revoke", keyed / "me.key", "--history", keyed / "me.history", "--passphrase-file", words)
    for data, said in ((b"\xff\xff\n", "must be UTF-8 text"), (b"x" * 5000, "more than 4096 bytes")):
        words.write_bytes(data)
        assert said in run(*fixed, code=1)
    words.write_bytes(WORDS.encode() + b"\r\nanything \xff")
    words.chmod(0o644)
    assert "chmod 600" in run(*fixed)
    monkeypatch.setenv("EQUIPOISE_PASSPHRASE", os.fsdecode(b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe"))
    assert "must be UTF-8 text" in run(*fixed[:-2], code=1)


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "1e300"])
def test_overlaps_that_are_no_time(keyed: Path, hours: str) -> None:
    fixed = ("keys", "rotate", keyed / "me.key", "--to", keyed / "next.key", "--history", keyed / "me.history")
    assert "must be in 0..876000 hours" in run(*fixed, "--overlap", hours, code=2)
    assert not (keyed / "next.key").exists()


def test_a_rotation_that_fails_leaves_no_half(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    before = (keyed / "me.history").read_bytes()
    (keyed / "next.key.journals").mkdir()
    fixed = ("keys", "rotate", keyed / "me.key", "--to", keyed / "next.key", "--history", keyed / "me.history")
    assert "next.key.journals: exists already" in run(*fixed, code=1)
    assert not (keyed / "next.key").exists()
    assert (keyed / "me.history").read_bytes() == before
    (keyed / "next.key.journals").rmdir()
    run(*fixed)
    (old,), (new,) = ((keyed / f"{name}.key.journals").iterdir() for name in ("me", "next"))
    assert (old.name, old.read_bytes()) == (new.name, new.read_bytes())
    assert new.stat().st_mode & 0o777 == 0o600


def test_times_that_no_history_holds(keyed: Path) -> None:
    fixed = ("keys", "revoke", keyed / "me.key", "--history", keyed / "me.history", "--from")
    for time_ns in ("-1", str(1 << 64)):
        assert "entry.time" in run(*fixed, time_ns, code=1)


def test_files_that_are_something_else(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    bundle, key, history = keyed / "day" / "00000000.eqp", keyed / "me.key", keyed / "me.history"
    assert "ACCEPTED" in run("verify", history, "--pin", pinned(keyed)[3], "--history", history)
    assert "bad-magic" in run("verify", key, code=2)
    for words in (["verify", bundle, bundle], ["audit", bundle], ["receipt", "check", bundle]):
        said = run(*words, "--history", key, code=2)
        assert said.startswith(f"Error: --history {key}: not a key history (history: bad-magic")
        assert said.count("\n") == 1
    assert "bad-type" in run("verify", bundle, "--history", bundle, code=2)
    assert "not an equipoise key" in run(
        "receipt", "make", keyed / "day/private/00000000.job", "--leaf", 0, 0, "--key", history, "--out", "x", code=1
    )
    assert "bad-type" in run("keys", "show", bundle, code=1)
    assert f"{key}: not a key history" in run("keys", "show", key, code=1)
    assert "no receipt" in run("receipt", "check", history, code=1)
    assert "no audit" in run("audit", history, code=1)


def test_evidence_that_cannot_be_written_is_a_sentence(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    (keyed / "day").rename(keyed / "one")
    (keyed / "me.key.journals").rename(keyed / "lost")
    rows = minutes(1)
    rows[0][3:] = [0, 8]
    prove(keyed, rows, "--dominance", "0.7")
    files = (keyed / "one" / "00000000.eqp", keyed / "day" / "00000000.eqp")
    assert "No such file" in run("verify", *files, "--quiet", "--evidence", keyed / "no" / "e.eqp", code=1)


def test_a_state_that_is_damaged_is_a_sentence(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    (keyed / "day" / "private" / "state").write_bytes(b"\0" * 9)
    assert "truncated" in prove(keyed, minutes(2), code=1)


def test_names_of_files_that_are_no_text(keyed: Path) -> None:
    name = os.fsdecode(b"\xff.csv")
    source = table(keyed / name, minutes(1), COLUMNS)
    fixed = ("--stream", "demo", "--instrument", "TEST:SYN", "--key", keyed / "me.key", "--out", keyed / "day")
    command = [sys.executable, "-m", "equipoise.streams.cli", "prove", source, *fixed, "--dominance", "0.7"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    odd = (keyed / "day" / "00000000.eqp").rename(keyed / os.fsdecode(b"\xff.eqp"))
    for words in (["verify", odd, "--quiet"], ["audit", odd], ["receipt", "check", odd]):
        done = subprocess.run([sys.executable, "-m", "equipoise.streams.cli", *words], capture_output=True, check=False)
        assert (done.stderr, done.stdout.count(b"\xff.eqp: ")) == (b"", 1)


@pytest.mark.parametrize("words", [[], ["folder", "x"], ["folder", "0"], ["folder", "1", "2", "3"]])
def test_the_prover_started_by_hand(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "equipoise.proofs.prover", *words],
        cwd=tmp_path, capture_output=True, text=True, input="", check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "FOLDER [BACKLOG [KEEP]]" in done.stderr
