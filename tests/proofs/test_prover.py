"""The prover's process: answers, bounded backlog, the journal, and kill -9 at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.errors import (
    Backlog,
    KeyRefused,
    LimitExceeded,
    Malformed,
    PolicyRefused,
    Refused,
    SequenceReused,
)
from equipoise.proofs.prover.client import Prover, signed
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Draft, Job, Wanted
from equipoise.proofs.prover.journal import RECORD, Journal, claim_of, write_durably
from equipoise.proofs.prover.messages import ATTEST, DONE, KEY, PROVE, RECEIPT, REFUSED, STATUS, Message, read_message
from equipoise.proofs.prover.server import Limits, Server, Store, serve
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, MINUTE, OPEN_TERMS, OTHER, closed, mixed, orders
from equipoise.proofs.verify import verify
from equipoise.proofs.window import Closed, Window

WORDS = "a passphrase"
SEALED = IDENTITY.seal(WORDS, n=1024)


def draft(count: int = 3, minute: int = 0, sequence: int = 0, previous: bytes = bytes(32)) -> Draft:
    header = OPEN_TERMS.header(minute * MINUTE, (minute + 1) * MINUTE)
    return Draft(header, sequence, previous, tuple(orders(mixed(count))))


def job(count: int = 3, minute: int = 0, wants: int = TOTALS | AUDIT, terms=OPEN_TERMS) -> Job:  # type: ignore[no-untyped-def]
    placed = orders(mixed(count))
    window = closed(terms, placed, minute)
    return Job(window.header, window.t0, wants, tuple(placed))


# --- the server, without a process -----------------------------------------------------------


def answers(folder: Path, *messages: Message, limits: Limits | None = None) -> dict[int, Message]:
    sink = BytesIO()
    server = Server(folder, IDENTITY, sink, limits or Limits())
    server.run(BytesIO(b"".join(m.encode() for m in messages)))
    out, stream = {}, BytesIO(sink.getvalue())
    while (message := read_message(stream)) is not None:
        out[message.id] = message
    return out


def test_attest_prove_and_receipt(tmp_path: Path) -> None:
    work = job()
    wanted = Wanted(work.t0.digest, 0, 1)
    got = answers(
        tmp_path,
        Message(1, ATTEST, draft().body()),
        Message(2, PROVE, work.body()),
        Message(3, RECEIPT, wanted.body()),
        Message(4, STATUS, b""),
        Message(5, 77, b""),
        Message(6, ATTEST, b"nonsense"),
        Message(7, RECEIPT, replace(wanted, index=9).body()),
        Message(8, RECEIPT, replace(wanted, statement=bytes(32)).body()),
    )
    header, t0 = signed(got[1].body)
    assert (header, t0) == (work.header, work.t0)
    assert verify(got[2].body)
    receipt = verify(got[3].body)
    assert receipt
    assert receipt.bundle is not None
    assert len(receipt.bundle.receipts) == 1
    assert got[4].kind == DONE
    assert [got[i].kind for i in (5, 6, 7, 8)] == [REFUSED] * 4
    assert b"unknown" in got[5].body
    assert b"not in this window" in got[7].body


@pytest.mark.parametrize(("wants", "parts"), [(0, 3), (TOTALS, 4), (AUDIT, 4), (TOTALS | AUDIT, 5)])
@pytest.mark.parametrize("terms", [OPEN_TERMS, BAND_TERMS])
def test_a_job_gets_what_it_wants(tmp_path: Path, wants: int, parts: int, terms: object) -> None:
    got = answers(tmp_path, Message(1, PROVE, job(wants=wants, terms=terms).body()))
    verdict = verify(got[1].body)
    assert verdict
    assert verdict.bundle is not None
    assert len(verdict.bundle.parts) == parts


def test_a_job_whose_orders_are_others_is_refused_and_dropped(tmp_path: Path) -> None:
    work = job()
    wrong = replace(work, orders=work.orders[:-1])
    got = answers(tmp_path, Message(1, PROVE, wrong.body()))
    assert got[1].kind == REFUSED
    assert b"do not give this attestation" in got[1].body
    assert not list((tmp_path / "jobs").iterdir())
    refused = replace(work, header=replace(work.header, min_traders=9))
    assert answers(tmp_path, Message(1, PROVE, refused.body()))[1].kind == REFUSED


def test_a_bundle_is_made_once(tmp_path: Path) -> None:
    work = Message(1, PROVE, job().body())
    first = answers(tmp_path, work)[1].body
    assert answers(tmp_path, work)[1].body == first


def test_interrupted_jobs_are_proved_at_the_next_start(tmp_path: Path) -> None:
    work = job()
    store = Store(tmp_path, 8)
    store.take(work)
    store.take(bad := replace(job(5, 1), orders=()))
    assert {j.t0.digest for j in store.unfinished()} == {work.t0.digest, bad.t0.digest}
    answers(tmp_path)
    assert store.unfinished() == []
    assert verify(store.bundle(work.t0.digest) or b"")


def test_a_damaged_job_is_put_aside_and_the_rest_is_proved(tmp_path: Path) -> None:
    store = Store(tmp_path, 8)
    work = job()
    store.take(work)
    (tmp_path / "jobs" / "00.job").write_bytes(b"half a job")
    (tmp_path / "jobs" / "11.job.part").write_bytes(b"a crash left it")
    got = answers(tmp_path, Message(1, STATUS, b""))
    assert got[1].kind == DONE
    assert verify(Store(tmp_path, 8).bundle(work.t0.digest) or b"")
    assert sorted(p.suffix for p in (tmp_path / "jobs").iterdir()) == [".damaged", ".job"]


def test_a_full_disk_and_a_bug_are_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [Message(i, PROVE, job(2, i).body()) for i in range(3)]

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def bug(*_: object) -> None:
        raise RuntimeError("secret words")

    for patched, said in ((full_disk, b"No space left"), (bug, b"RuntimeError")):
        with monkeypatch.context() as patch:
            patch.setattr(Store, "finish", patched)
            got = answers(tmp_path, *works, limits=Limits(1, 8))  # the queue empties, or this would never end
        assert got[0].kind == REFUSED
        assert said in got[0].body
        assert b"secret" not in got[0].body
    with monkeypatch.context() as patch:
        patch.setattr(Store, "take", full_disk)
        assert answers(tmp_path, Message(9, PROVE, job(2, 9).body()))[9].body.endswith(b"No space left on device")
    assert verify(answers(tmp_path, works[0])[0].body)


def test_a_client_that_is_gone_does_not_stop_the_work(tmp_path: Path) -> None:
    class Gone(BytesIO):
        def write(self, _data: object) -> int:
            raise BrokenPipeError

    works = [job(2, minute) for minute in range(3)]
    server = Server(tmp_path, IDENTITY, Gone(), Limits(3, 8))
    server.run(BytesIO(b"".join(Message(i, PROVE, w.body()).encode() for i, w in enumerate(works))))
    assert all(verify(Store(tmp_path, 8).bundle(w.t0.digest) or b"") for w in works)


def test_limits_are_bounded() -> None:
    for wrong in ((0, 1), (1, 0), (1 << 17, 1)):
        with pytest.raises(LimitExceeded):
            Limits(*wrong)


def test_old_windows_are_dropped(tmp_path: Path) -> None:
    works = [job(2, minute, wants=0) for minute in range(4)]
    answers(tmp_path, *(Message(i, PROVE, w.body()) for i, w in enumerate(works)), limits=Limits(backlog=8, keep=2))
    answers(tmp_path, Message(9, PROVE, job(2, 7, wants=0).body()), limits=Limits(8, 2))
    assert len(list((tmp_path / "jobs").iterdir())) == 2
    assert len(list((tmp_path / "bundles").iterdir())) == 2
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "jobs").iterdir())


def test_serve_needs_the_key_first(tmp_path: Path) -> None:
    for first in (b"", Message(0, PROVE, b"").encode(), Message(0, KEY, b"wrong words\0" + SEALED).encode()):
        sink = BytesIO()
        assert serve(tmp_path, BytesIO(first), sink, Limits()) == 2
        answer = read_message(BytesIO(sink.getvalue()))
        assert answer is not None
        assert answer.kind == REFUSED
        assert WORDS.encode() not in answer.body
    sink = BytesIO()
    assert serve(tmp_path, BytesIO(Message(0, KEY, WORDS.encode() + b"\0" + SEALED).encode()), sink, Limits()) == 0


def test_a_broken_message_ends_the_server(tmp_path: Path) -> None:
    sink = BytesIO()
    key = Message(0, KEY, WORDS.encode() + b"\0" + SEALED).encode()
    assert serve(tmp_path, BytesIO(key + Message(1, STATUS, b"").encode() + b"\0\0\0\1x"), sink, Limits()) == 3
    said = BytesIO(sink.getvalue())
    assert [m.kind for m in iter(lambda: read_message(said), None) if m is not None] == [DONE, DONE, REFUSED]


def test_messages_are_strict() -> None:
    whole = Message(7, PROVE, b"abc").encode()
    assert read_message(BytesIO(whole)) == Message(7, PROVE, b"abc")
    assert read_message(BytesIO(b"")) is None
    for bad in (whole[:-1], whole[:3], b"\0\0\0\1x", b"\xff\xff\xff\xff"):
        with pytest.raises(Malformed):
            read_message(BytesIO(bad))


# --- the process -----------------------------------------------------------------------------


def test_process_with_bounded_backlog(tmp_path: Path) -> None:
    with Prover(tmp_path, SEALED, WORDS, Limits(backlog=2, keep=8)) as prover:
        header, t0 = signed(prover.attest(draft()).result(20))
        work = job()
        assert (header, t0) == (work.header, work.t0)
        futures = [prover.prove(job(3, minute, TOTALS, BAND_TERMS)) for minute in range(8)]
        outcomes = []
        for future in futures:
            try:
                outcomes.append(bool(verify(future.result(60))))
            except Backlog:
                outcomes.append(False)
        assert outcomes[0]
        assert outcomes.count(False) >= 1
        assert prover.backlog().result(20) == bytes(4)
        with pytest.raises(Refused, match="another statement"):
            prover.attest(draft(4)).result(20)


def test_client_bounds_and_failures(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="wrong passphrase"):
        Prover(tmp_path, SEALED, "not the words")
    with Prover(tmp_path, SEALED, WORDS, outstanding=1) as prover:
        with pytest.raises(Refused, match="another process"):
            Journal(tmp_path / "journal")
        future = prover.prove(job(3, 0, TOTALS, BAND_TERMS))
        with pytest.raises(Backlog):
            prover.backlog()
        assert verify(future.result(60))
    prover = Prover(tmp_path, SEALED, WORDS)
    future = prover.prove(job(3, 1, TOTALS, BAND_TERMS))
    os.kill(prover.pid, signal.SIGKILL)
    with pytest.raises(Refused, match="ended before"):
        future.result(20)
    with pytest.raises(Refused, match="ended before"):
        prover.backlog().result(20)
    prover.close()


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


# --- kill -9 ----------------------------------------------------------------------------------

VICTIM = """
import random, sys
from pathlib import Path
from equipoise.proofs.prover.journal import Journal, write_durably
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.errors import SequenceReused
from equipoise.proofs.vectors.scenes import *

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)  # each life draws other orders: what a changed replay would do
journal = Journal(folder / "journal")
place = folder / "state"
state = State.from_body(place.read_bytes()) if place.exists() else State()
out = open(folder / "published", "ab", buffering=0)
while True:
    publisher = Publisher(OPEN_TERMS, IDENTITY.blinding, IDENTITY.signer, state, journal)
    window = publisher.open(state.last_end, state.last_end + MINUTE)
    for order in orders([(rng.randrange(1, 9), 0) for _ in range(3)]):
        window.add(order)
    try:
        closed_window = publisher.close(window)
    except SequenceReused:
        print("REFUSED", state.sequence, flush=True)
        sys.exit(3)
    record = closed_window.header.encode() + closed_window.t0.encode()
    out.write(len(record).to_bytes(4, "big") + record)
    print("T0", state.sequence, flush=True)
    if rng.random() < 0.7:
        write_durably(place, publisher.state.body())
        state = publisher.state
"""


def published(path: Path) -> list[Attestation]:
    data, out = path.read_bytes() if path.exists() else b"", []
    while len(data) >= 4:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            break
        _, t0 = signed(data[4 : 4 + size])
        out.append(t0)
        data = data[4 + size :]
    return out


def lives(folder: Path, count: int, wait: Callable[[], float]) -> tuple[list[int], str]:
    """Exit codes, and everything that was printed."""
    codes, said = [], ""
    for life in range(count):
        process = subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(folder), str(life)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        said += process.stdout.readline().decode()
        time.sleep(wait())
        process.kill()
        said += process.stdout.read().decode()
        codes.append(process.wait())
        process.stdout.close()
    return codes, said


def test_kill_9_never_signs_two_statements_under_one_number(tmp_path: Path) -> None:
    rng = random.Random(4)
    codes, said = lives(tmp_path, 8, lambda: rng.random() * 0.05)
    by_number: dict[int, set[bytes]] = {}
    commitments: dict[bytes, set[bytes]] = {}
    for t0 in published(tmp_path / "published"):
        by_number.setdefault(t0.sequence, set()).add(t0.digest)
        commitments.setdefault(t0.c_b.data, set()).add(t0.root)
    assert by_number
    assert all(len(digests) == 1 for digests in by_number.values())
    assert all(len(roots) == 1 for roots in commitments.values())
    assert -signal.SIGKILL in codes
    assert "REFUSED" in said  # other orders under a number that was signed


def test_kill_9_of_the_prover_process(tmp_path: Path) -> None:
    first = closed(OPEN_TERMS, orders(mixed(3)))
    work = [job(3, minute, TOTALS, BAND_TERMS) for minute in range(3)]
    answered: dict[bytes, bytes] = {}
    for life in range(4):
        prover = Prover(tmp_path, SEALED, WORDS, Limits(8, 8))
        futures = {w.t0.digest: prover.prove(w) for w in work}
        attested = prover.attest(draft(3 + life))
        if life == 0:
            assert signed(attested.result(20))[1] == first.t0
        else:  # other orders under a number that an earlier life signed
            with pytest.raises(Refused, match="another statement"):
                attested.result(20)
        if life < 3:
            time.sleep(0.1 * life)
            os.kill(prover.pid, signal.SIGKILL)
        for digest, future in futures.items():
            try:
                bundle = future.result(60)
            except Refused:
                assert life < 3
                continue
            assert verify(bundle)
            assert answered.setdefault(digest, bundle) == bundle
        prover.close()
    assert len(answered) == 3


def test_other_secrets_give_other_bundles(tmp_path: Path) -> None:
    work = job()
    sink = BytesIO()
    Server(tmp_path, OTHER, sink, Limits()).run(BytesIO(Message(1, PROVE, work.body()).encode()))
    answer = read_message(BytesIO(sink.getvalue()))
    assert answer is not None
    assert answer.kind == REFUSED
