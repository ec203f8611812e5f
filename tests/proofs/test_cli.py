"""The commands, on files, as people run them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from equipoise.proofs.bundle import Bundle
from equipoise.proofs.files import read_orders
from equipoise.proofs.prover.jobs import Job
from tests.proofs.commands import COLUMNS, WORDS, minutes, pinned, prove, run, table

WIDE = "line 4: buy = '5000000000': must be a whole number in 0..4294967295 (with --wide up to 4503599627370495)"

pytestmark = pytest.mark.usefixtures("fast_keys")


def test_a_day_from_keys_to_receipts(keyed: Path) -> None:
    assert "3 windows attested" in prove(keyed, minutes(3), "--dominance", "0.7")
    bundles = sorted((keyed / "day").glob("*.eqp"))
    assert len(bundles) == 3
    said = run("verify", *bundles, "--chain", *pinned(keyed))
    assert said.count("ACCEPTED") == 4
    assert "not attested:" in said
    assert "  ! " not in said
    quiet = run("verify", *bundles, "--chain", "--quiet", *pinned(keyed))
    assert [line.split(": ")[1] for line in quiet.splitlines()] == ["ACCEPTED"] * 4
    unpinned = run("verify", *bundles, "--chain", "--quiet")
    assert [line.split(": ")[1] for line in unpinned.splitlines()] == ["ACCEPTED, key not checked"] * 4
    loose = run("verify", bundles[0]).splitlines()
    assert loose[1].startswith("  ! the key was not compared")
    assert not any("NOTE" in line for line in loose)
    audited = run("audit", bundles[1], *pinned(keyed))
    assert "all 9 leaf commitments were summed again" in audited
    job = keyed / "day" / "private" / "00000001.job"
    assert job.stat().st_mode & 0o077 == 0
    made = run("receipt", "make", job, "--order", "order-10", "--key", keyed / "me.key", "--out", keyed / "r.eqp")
    assert "leaf 1 in tree 0" in made
    assert "counted in the totals" in run("receipt", "check", keyed / "r.eqp", *pinned(keyed))
    run("receipt", "make", job, "--leaf", 0, 2, "--key", keyed / "me.key", "--out", keyed / "r2.eqp")
    assert "order-99" in run(
        "receipt", "make", job, "--order", "order-99", "--key", keyed / "me.key", "--out", keyed / "x", code=1
    )
    assert "holds no receipt" in run("receipt", "check", bundles[0], code=1)
    assert "holds no audit" in run("audit", keyed / "r.eqp", code=1)


def test_threshold_day_hides_the_totals(keyed: Path) -> None:
    prove(keyed, minutes(2), "--threshold", "--no-audit", "--dominance", "0.7")
    said = run("verify", keyed / "day" / "00000000.eqp", *pinned(keyed))
    assert "buys, sells and the ratio stay hidden" in said
    assert "beyond the band" in said
    assert "lots and sells are" not in said


def test_a_tampered_bundle_is_detected_with_a_sentence(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    path = keyed / "day" / "00000000.eqp"
    data = bytearray(path.read_bytes())
    bundle = Bundle.decode(bytes(data))
    assert bundle.opening is not None
    at = bytes(data).index(bundle.opening.body()) + 39
    data[at] ^= 1
    (keyed / "bad.eqp").write_bytes(bytes(data))
    said = run("verify", keyed / "bad.eqp", code=1)
    assert "REJECTED: this does NOT hold: open.buys: opening-buys" in said
    (keyed / "cut.eqp").write_bytes(bytes(data[:100]))
    assert "REJECTED: this is not a well-formed proof" in run("verify", keyed / "cut.eqp", code=2)


def test_running_again_continues_the_chain(keyed: Path) -> None:
    rows = minutes(4)
    prove(keyed, rows[:18], "--dominance", "0.7")
    prove(keyed, rows[18:], "--dominance", "0.7")
    bundles = sorted((keyed / "day").glob("*.eqp"))
    assert [Bundle.decode(p.read_bytes()).t0.sequence for p in bundles] == [0, 1, 2, 3]
    assert run("verify", *bundles, "--chain", "--quiet", *pinned(keyed)).count("ACCEPTED") == 5
    said = prove(keyed, rows[:9], code=1)
    assert "9 of 9 orders are from before 240000000000" in said
    assert "give later orders only" in said


def test_changed_orders_under_a_signed_number_are_refused(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    (keyed / "day" / "private" / "state").unlink()
    rows = minutes(1)
    rows[0][3:] = [0, 8]
    assert "another statement" in prove(keyed, rows, "--dominance", "0.7", code=1)


def test_small_windows_are_merged(keyed: Path) -> None:
    rows = minutes(3)
    rows[9:16] = []
    prove(keyed, rows, "--dominance", "0.7", "--min-traders", "7")
    spans = [
        (h.window_start // 60_000_000_000, h.window_end // 60_000_000_000)
        for h in (Bundle.decode(p.read_bytes()).header for p in sorted((keyed / "day").glob("*.eqp")))
    ]
    assert spans == [(0, 1), (1, 3)]
    few = [[*r[:2], int(str(r[2])) + 10**13, *r[3:]] for r in minutes(1, 2)]
    said = prove(keyed, few, code=1)
    assert "no window was attested: 9 orders from 9960000000000 ns on are not attested (fewer than 5" in said
    enough = [[*r[:2], int(str(r[2])) + 10**14, *r[3:]] for r in minutes(1)]
    few = [[*r[:2], int(str(r[2])) + 10**12, *r[3:]] for r in enough[:2]]
    assert "2 orders from" in prove(keyed, [*enough, *few], "--dominance", "0.7")


def test_a_job_keeps_the_orders(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    job = Job.from_body((keyed / "day" / "private" / "00000000.job").read_bytes())
    assert job.header.leaf_mode == 0
    assert len(job.orders) == 9


def test_evidence_of_equivocation(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    (keyed / "day").rename(keyed / "one")
    rows = minutes(1)
    rows[0][3:] = [0, 8]
    said = prove(keyed, rows, "--dominance", "0.7", code=1)  # the key's own journal stands against it
    assert "another statement" in said
    assert "take another --stream" in said
    (keyed / "me.key.journals").rename(keyed / "lost")
    prove(keyed, rows, "--dominance", "0.7")
    files = (keyed / "one" / "00000000.eqp", keyed / "day" / "00000000.eqp")
    said = run("verify", *files, "--quiet", "--evidence", keyed / "evidence.eqp")
    assert "two statements under one sequence number" in said
    assert "signed two different statements" in run("verify", keyed / "evidence.eqp")
    said = run("verify", files[0], files[0], "--quiet", "--evidence", keyed / "none.eqp")
    assert "no two files contradict" in said


def test_rotation_and_revocation(keyed: Path) -> None:
    out = run("keys", "rotate", keyed / "me.key", "--to", keyed / "next.key", "--history", keyed / "me.history")
    assert "head" in out
    prove(keyed, minutes(1), "--dominance", "0.7")
    run("verify", keyed / "day" / "00000000.eqp", *pinned(keyed))
    first = run("keys", "show", keyed / "me.history").split("\n")[2].split()[0]
    run("keys", "revoke", keyed / "next.key", "--history", keyed / "me.history", "--public", first, "--from", 0)
    assert "key-revoked" in run("verify", keyed / "day" / "00000000.eqp", *pinned(keyed), code=1)
    assert "REVOKED at 0" in run("keys", "show", keyed / "me.history")
    run("keys", "revoke", keyed / "next.key", "--history", keyed / "me.history")
    said = run("keys", "revoke", keyed / "next.key", "--history", keyed / "me.history", code=1)
    assert "would not hold" in said
    assert "a key that is still valid must sign" in said
    assert "64 hex digits" in run(
        "keys", "revoke", keyed / "next.key", "--history", keyed / "me.history", "--public", "zz", code=2
    )
    assert "VENUE:SYMBOL" in prove(keyed, minutes(1), "--instrument", "BTCUSDT", code=2)


def test_an_old_folder_put_back_signs_nothing_twice(keyed: Path) -> None:
    rows = minutes(3)
    prove(keyed, rows[:9], "--dominance", "0.7")
    shutil.copytree(keyed / "day", keyed / "backup")
    prove(keyed, rows[9:18], "--dominance", "0.7")
    shutil.rmtree(keyed / "day")
    shutil.copytree(keyed / "backup", keyed / "day")
    assert "another statement" in prove(keyed, rows[18:], "--dominance", "0.7", code=1)
    prove(keyed, rows[9:18], "--dominance", "0.7")  # the same orders again: the same statement
    prove(keyed, rows[18:], "--dominance", "0.7")
    bundles = sorted((keyed / "day").glob("*.eqp"))
    assert run("verify", *bundles, "--chain", "--quiet", *pinned(keyed)).count("ACCEPTED") == 4


def test_a_rotated_key_remembers_what_the_old_one_signed(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    run("keys", "rotate", keyed / "me.key", "--to", keyed / "next.key", "--history", keyed / "me.history")
    (keyed / "me.key").unlink()
    (keyed / "next.key").rename(keyed / "me.key")
    shutil.rmtree(keyed / "me.key.journals")
    (keyed / "next.key.journals").rename(keyed / "me.key.journals")
    shutil.rmtree(keyed / "day")
    assert "another statement" in prove(keyed, minutes(1), "--dominance", "0.7", code=1)
    said = prove(keyed, minutes(1), "--stream", "other", "--history", keyed / "me.history", code=1)
    assert "verifiers would refuse this key for a window that ends at 60000000000" in said
    assert "key-early" in said


def test_trust_that_would_not_be_looked_at_is_refused(keyed: Path) -> None:
    prove(keyed, minutes(1), "--dominance", "0.7")
    file = keyed / "day" / "00000000.eqp"
    pin = pinned(keyed)
    for words in (pin[2:], ["--head", pin[3]]):
        assert "name its file with --history" in run("verify", file, *words, code=2)
    said = run("verify", file, file, *pin[:3], "00" * 32, code=1)
    assert said.startswith(f"Error: --history {pin[1]}: does not hold: history.id: history-pin (its id is {pin[3]}, ")
    assert f"the pin is {'00' * 32}: you were given another history)" in said
    assert "you were given another history, or an older one" in run("verify", file, *pin, "--head", "00" * 32, code=1)
    assert "without --history" in run("receipt", "check", file, *pin, "--expect-key", pin[3], code=2)


def test_receipts_are_private_and_for_one_order(keyed: Path) -> None:
    rows = minutes(1)
    rows[3][1] = rows[5][1] = "twice"
    prove(keyed, rows, "--dominance", "0.7")
    job, out = keyed / "day" / "private" / "00000000.job", keyed / "r.eqp"
    fixed = ("--key", keyed / "me.key", "--out", out)
    assert "choose with --leaf (0 3, 0 5)" in run("receipt", "make", job, "--order", "twice", *fixed, code=1)
    assert "say which order" in run("receipt", "make", job, *fixed, code=2)
    assert "no job file" in run("receipt", "make", keyed / "day" / "00000000.eqp", "--leaf", 0, 0, *fixed, code=1)
    assert "not in this window" in run("receipt", "make", job, "--leaf", 7, 0, *fixed, code=1)
    run("receipt", "make", job, "--leaf", 0, 3, *fixed)
    assert out.stat().st_mode & 0o777 == 0o600
    private = [p for p in keyed.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert {p.suffix for p in private} == {".csv", ".eqp", ".history"}


def test_large_files_are_refused_unread(keyed: Path) -> None:
    large = keyed / "large.eqp"
    with large.open("wb") as file:
        file.truncate((1 << 20) + 1)
    for name in ("verify", "audit"):
        assert "more than 1 MiB (--largest)" in run(name, large, "--largest", 1, code=1)
    assert "more than 1 MiB" in run("receipt", "check", large, "--largest", 1, code=1)
    assert "more than 1 MiB" in run("verify", large, "--history", large, code=1)
    assert "bad-magic" in run("verify", large, "--largest", 2, code=2)


def test_secrets_that_others_may_read_are_named(keyed: Path) -> None:
    (keyed / "me.key").chmod(0o644)
    assert "chmod 600" in prove(keyed, minutes(1), "--dominance", "0.7")


def test_files_that_cannot_be_written_are_a_sentence(keyed: Path) -> None:
    (keyed / "day").mkdir()
    (keyed / "day" / "private").write_text("in the way")
    assert "Error: " in prove(keyed, minutes(1), code=1)
    assert "No such file" in run("keys", "new", keyed / "no" / "a.key", "--history", keyed / "a.history", code=1)


def test_keys_from_files_prompts_and_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_PASSPHRASE")
    words = tmp_path / "words"
    words.write_text(WORDS + "\nmore\n")
    key, history = tmp_path / "a.key", tmp_path / "a.history"
    run("keys", "new", key, "--history", history, "--passphrase-file", words, "--from-now")
    run("keys", "new", tmp_path / "b.key", "--history", tmp_path / "b.history", typed=f"{WORDS}\n{WORDS}\n")
    assert "exists already" in run("keys", "new", key, "--history", history, code=1)
    assert "at least 8" in run("keys", "new", tmp_path / "c", "--history", tmp_path / "d", typed="x\nx\n", code=1)
    assert "wrong passphrase" in run(
        "keys", "rotate", key, "--to", tmp_path / "n", "--history", history, typed="not the words\n", code=1
    )
    assert "bad-magic" in run("keys", "show", words, code=1)
    assert "64 hex digits" in run("verify", key, "--pin", "zz", code=2)
    assert "64 hex digits" in run("verify", key, "--pin", "zzzz", code=2)


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([["t", "o", "1", "2"]], COLUMNS[:-1], "no column sell"),
        ([["t", "o", "1", "x", "0"]], COLUMNS, "line 2: buy = 'x'"),
        ([["t", "o", "-1", "1", "0"]], COLUMNS, "line 2: event_time_ns = '-1'"),
        ([["t", "o", str(2**63), "1", "0"]], COLUMNS, "event_time_ns"),
        ([["t", "o", "1", "1", "0", "abc"]], [*COLUMNS, "topic_id"], "topic_id = 'abc'"),
        ([["t", "o", "1", "1", "0", "zz"]], [*COLUMNS, "topic_id"], "topic_id = 'zz'"),
        ([["t", "o", "1", "1", "0"], [], ["t", "o", "2", "5000000000", "0"]], COLUMNS, WIDE),
        ([["t" * 70, "o", "1", "1", "0"]], COLUMNS, "Error: line 2: participant: 70 characters, must be 0..64"),
        ([["t", "o" * 300, "1", "1", "0"]], COLUMNS, "Error: line 2: order_id: 300 characters, must be 0..64"),
        ([["t", "o", "1", "1", "0"], ["", "o", "2", "1", "0"]], COLUMNS, "line 3: participant is empty"),
        ([["t", "o", "1", "1", "0", str(1 << 32)]], [*COLUMNS, "item"], "line 2: item = '4294967296': must be"),
        ([], COLUMNS, "orders.csv: holds no orders"),
    ],
)
def test_order_files_with_mistakes(keyed: Path, rows: list[list[str]], columns: list[str], said: str) -> None:
    source = table(keyed / "orders.csv", rows, columns)
    fixed = ("--stream", "demo", "--instrument", "TEST:SYN", "--key", keyed / "me.key", "--out", keyed / "day")
    assert said in run("prove", source, *fixed, code=1)


def test_order_files_with_places(tmp_path: Path) -> None:
    columns = [*COLUMNS, "topic_id", "partition", "offset", "item"]
    source = table(
        tmp_path / "orders.csv",
        [["t", "o", 1, 2, 0, "00" * 16, 3, 77, 1], ["t", "o", 1, 2, 0, "", "", "", ""]],
        columns,
    )
    first, second = read_orders(source)
    assert (first.topic_id, first.partition, first.offset, first.item) == (bytes(16), 3, 77, 1)
    assert (second.partition, second.offset, second.item) == (0, 1, 0)


def test_edges_that_are_no_numbers(keyed: Path) -> None:
    assert "whole numbers" in prove(keyed, minutes(1), "--threshold", "--edges", "a,b", code=2)
    assert "edges" in prove(keyed, minutes(1), "--threshold", "--edges", "1,2", code=1)


def test_help_teaches() -> None:
    for name in ("prove", "verify", "receipt", "audit", "keys"):
        assert "Example:" in run(name, "--help")
