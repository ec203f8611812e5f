"""The journal: one number, one statement, whatever is on the disk."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from equipoise.proofs.errors import (
    PolicyRefused,
    Refused,
    SequenceReused,
)
from equipoise.proofs.prover.journal import RECORD, Journal, claim_of, write_durably
from equipoise.proofs.vectors.scenes import IDENTITY, MINUTE, OPEN_TERMS, closed, mixed, orders
from equipoise.proofs.window import Closed, Window


def chained(count: int) -> list[Closed]:
    """Windows one after another."""
    out: list[Closed] = []
    for m in range(count):
        out.append(closed(OPEN_TERMS, orders(mixed(1)), m, m, out[-1].t0.digest if out else bytes(32)))
    return out


# --- the journal -----------------------------------------------------------------------------


def test_journal_refuses_a_second_statement(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one, two = closed(OPEN_TERMS, orders(mixed(2))), closed(OPEN_TERMS, orders(mixed(3)))
    later = closed(OPEN_TERMS, orders(mixed(2)), 1, 1, one.t0.digest)
    for _ in range(2):
        journal = Journal(path)
        journal.claim(one)
        journal.claim(one)
        with pytest.raises(SequenceReused, match="sequence 0"):
            journal.claim(two)
        journal.close()
    journal = Journal(path)
    journal.claim(later)
    same_window = closed(OPEN_TERMS, orders(mixed(4)), 1, 2, later.t0.digest)
    with pytest.raises(SequenceReused, match="signed already"):
        journal.claim(same_window)
    other_stream = closed(replace(OPEN_TERMS, stream="vectors/2"), orders(mixed(3)))
    journal.claim(other_stream)
    journal.close()
    assert path.stat().st_mode & 0o077 == 0


def test_journal_refuses_numbers_it_has_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.proofs.prover.journal.KEPT", 2)
    journal = Journal(tmp_path / "journal")
    windows = chained(4)
    for window in windows:
        journal.claim(window)
    with pytest.raises(SequenceReused, match="3 was signed already"):
        journal.claim(windows[0])
    journal.close()


def test_journal_refuses_what_would_break_the_chain(tmp_path: Path) -> None:
    first, second = chained(2)
    journal = Journal(tmp_path / "journal")
    journal.claim(first)
    stray = closed(OPEN_TERMS, orders(mixed(1)), 1, 1, b"\1" * 32)
    overlapping = closed(OPEN_TERMS, orders(mixed(2)), 0, 1, first.t0.digest)
    longer = Window(OPEN_TERMS, IDENTITY.blinding, MINUTE // 2, 2 * MINUTE).close(1, first.t0.digest, IDENTITY.signer)
    skipping = closed(OPEN_TERMS, orders(mixed(2)), 0, 1, first.t0.digest, 2)
    revising = closed(OPEN_TERMS, orders(mixed(2)), 0, 2, second.t0.digest, 1)
    for window, kind, said in (
        (stray, SequenceReused, "does not name statement 0"),
        (overlapping, SequenceReused, "signed already"),
        (longer, PolicyRefused, "overlap"),
        (skipping, PolicyRefused, "revision 1 was not signed"),
    ):
        with pytest.raises(kind, match=said):
            journal.claim(window)
    journal.claim(second)
    journal.claim(revising)
    journal.close()
    journal = Journal(tmp_path / "journal")
    with pytest.raises(PolicyRefused, match="overlap"):
        journal.claim(replace(longer, t0=replace(longer.t0, sequence=3, previous=revising.t0.digest)))
    journal.close()


def test_torn_end_is_cut_and_damage_stops(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    windows = chained(3)
    journal = Journal(path)
    for window in windows:
        journal.claim(window)
    journal.close()
    whole = path.read_bytes()
    record = len(whole) // 3
    assert record == RECORD == 4 + len(claim_of(windows[0]).body())
    for size in (len(whole) - 1, 2 * record + 5, 2 * record + 9):
        path.write_bytes(whole[:size])
        journal = Journal(path)
        journal.close()
        assert path.stat().st_size == 2 * record
    torn = bytearray(whole)
    torn[-1] ^= 1
    path.write_bytes(bytes(torn))
    Journal(path).close()
    assert path.stat().st_size == 2 * record
    for position in (3, 5, 20, record - 1):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises(Refused, match="damaged at byte 0"):
            Journal(path)
    path.write_bytes(whole + whole[:record])  # said twice: harmless
    Journal(path).close()
    contradicting = claim_of(closed(OPEN_TERMS, orders(mixed(2)))).body()
    path.write_bytes(whole + zlib.crc32(contradicting).to_bytes(4, "big") + contradicting)
    with pytest.raises(Refused, match=r"damaged at byte \d+: sequence 0"):
        Journal(path)


def test_a_journal_that_cannot_be_written_signs_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal")
    window, other = closed(OPEN_TERMS, orders(mixed(1))), closed(OPEN_TERMS, orders(mixed(2)))

    def full_disk(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("equipoise.proofs.prover.journal.os.fsync", full_disk)
        with pytest.raises(Refused, match="No space left"):
            journal.claim(window)
    for again in (window, other):
        with pytest.raises(Refused, match="nothing more is signed"):
            journal.claim(again)
    journal.close()


def test_write_durably_leaves_no_half(tmp_path: Path) -> None:
    write_durably(tmp_path / "x.job", b"1" * 10)
    write_durably(tmp_path / "x.job", b"2")
    assert [p.name for p in tmp_path.iterdir()] == ["x.job"]
    assert (tmp_path / "x.job").read_bytes() == b"2"
