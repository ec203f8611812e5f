"""The prover's process: answers, bounded backlog, the journal, and kill -9 at any moment."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from equipoise.proofs.errors import (
    Backlog,
    KeyRefused,
    LimitExceeded,
    Malformed,
    Refused,
)
from equipoise.proofs.prover.client import Prover, signed
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Wanted
from equipoise.proofs.prover.journal import Journal
from equipoise.proofs.prover.messages import ATTEST, DONE, KEY, PROVE, RECEIPT, REFUSED, STATUS, Message, read_message
from equipoise.proofs.prover.server import Limits, Server, Store, serve
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, OPEN_TERMS
from equipoise.proofs.verify import verify
from tests.proofs.asked import SEALED, WORDS, draft, job

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
