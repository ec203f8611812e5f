"""The prover's own side: one thread reads and signs, one proves; the queue between is bounded.

Signing (ATTEST) is answered at once, after the journal's sync; in open mode a revision needs the job
of the one before, whose orders it is compared with. Proofs and receipts wait in a
queue of ``backlog`` places; when it is full the answer is BUSY, and nothing was kept. A job
that was taken is on the disk before it is worked on, its bundle is on the disk before it is
answered: after a crash, jobs without a bundle are proved again, with fresh nonces, and a
bundle that exists is given out as it is. Orders of the last ``keep`` windows stay on the disk
(mode 0600) for receipts.

What goes wrong with one job (a full disk, a damaged file, a bug) is the answer to that job, by
its kind only: the next one is worked on.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from equipoise.proofs.errors import KeyRefused, Malformed, PolicyRefused, ProofError, Refused, need
from equipoise.proofs.header import OPEN
from equipoise.proofs.keys import Identity, unseal
from equipoise.proofs.prover.jobs import Draft, Job, Wanted, attest, prove, receipt
from equipoise.proofs.prover.journal import Journal, private_folder, write_durably
from equipoise.proofs.prover.messages import (
    ATTEST,
    BUSY,
    DONE,
    KEY,
    PROVE,
    RECEIPT,
    REFUSED,
    STATUS,
    Message,
    read_message,
)
from equipoise.proofs.publisher import check_late
from equipoise.proofs.window import terms_of


@dataclass(frozen=True)
class Limits:
    """Places in the queue, and windows kept for receipts."""

    backlog: int = 16
    keep: int = 256

    def __post_init__(self) -> None:
        need("backlog", self.backlog, 1, 1 << 16)
        need("keep", self.keep, 1, 1 << 20)


class Store:
    """Jobs and bundles on the disk, by statement digest."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._jobs, self._bundles, self._keep = folder / "jobs", folder / "bundles", keep
        for place in (self._jobs, self._bundles):
            private_folder(place)
            for half in place.glob("*.part"):  # a crash left it
                half.unlink()

    def bundle(self, digest: bytes) -> bytes | None:
        """The finished bundle, if there is one."""
        path = self._bundles / f"{digest.hex()}.eqp"
        return path.read_bytes() if path.exists() else None

    def job(self, digest: bytes) -> Job:
        """A kept job; Refused if it is not there."""
        path = self._jobs / f"{digest.hex()}.job"
        if not path.exists():
            raise Refused(f"statement {digest.hex()}: not among the {self._keep} windows that are kept")
        return Job.from_body(path.read_bytes())

    def take(self, job: Job) -> None:
        """Put a job on the disk, and drop the oldest finished ones beyond the limit."""
        write_durably(self._jobs / f"{job.t0.digest.hex()}.job", job.body())
        kept = sorted(self._jobs.glob("*.job"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        for path in kept[: -self._keep]:
            if (self._bundles / path.with_suffix(".eqp").name).exists():
                path.unlink()
                (self._bundles / path.with_suffix(".eqp").name).unlink()

    def drop(self, digest: bytes) -> None:
        """Forget a job that cannot be proved."""
        (self._jobs / f"{digest.hex()}.job").unlink(missing_ok=True)

    def finish(self, digest: bytes, bundle: bytes) -> None:
        """Put a bundle on the disk."""
        write_durably(self._bundles / f"{digest.hex()}.eqp", bundle)

    def unfinished(self) -> list[Job]:
        """Jobs that a crash interrupted; a file that is none is put aside as NAME.damaged."""
        done = {path.stem for path in self._bundles.glob("*.eqp")}
        found = []
        for path in sorted(self._jobs.glob("*.job")):
            if path.stem in done:
                continue
            try:
                found.append(Job.from_body(path.read_bytes()))
            except Malformed:
                path.rename(path.with_suffix(".damaged"))
        return found


class Server:
    """Answers messages until its input ends."""

    def __init__(self, folder: Path, identity: Identity, output: BinaryIO, limits: Limits) -> None:
        private_folder(folder)
        self._journal = Journal(folder / "journal")
        self._store = Store(folder, limits.keep)
        self._identity, self._output, self._limits = identity, output, limits
        self._lock = threading.Lock()
        self._work: queue.Queue[Message | None] = queue.Queue(limits.backlog)
        self._worker = threading.Thread(target=self._prove_all, daemon=True)

    def run(self, stream: BinaryIO) -> None:
        """Serve until the input ends, then finish what was taken."""
        self._worker.start()
        try:
            while (message := read_message(stream)) is not None:
                self._serve(message)
        finally:
            self._work.put(None)
            self._worker.join()
            self._journal.close()

    def _answer(self, ident: int, kind: int, body: bytes = b"") -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):  # what was taken is finished even if nobody listens
            self._output.write(Message(ident, kind, body).encode())
            self._output.flush()

    def _serve(self, message: Message) -> None:
        try:
            if message.kind == ATTEST:
                self._attest(message)
            elif message.kind in (PROVE, RECEIPT):
                self._enqueue(message)
            elif message.kind == STATUS:
                self._answer(message.id, DONE, self._work.qsize().to_bytes(4, "big"))
            else:
                raise Refused(f"message kind {message.kind}: unknown")
        except (ProofError, OSError) as fault:
            self._answer(message.id, REFUSED, _said(fault))

    def _attest(self, message: Message) -> None:
        draft = Draft.from_body(message.body)
        closed = attest(draft, self._identity.blinding, self._identity.signer)
        if draft.header.revision and draft.header.mode == OPEN and not self._journal.knows(closed):
            self._check_late(draft)
        self._journal.claim(closed)
        self._answer(message.id, DONE, closed.header.encode() + closed.t0.encode())

    def _check_late(self, draft: Draft) -> None:
        """PolicyRefused where the difference from the revision before would open orders; Refused if it is not kept."""
        header = draft.header
        window = (header.window_start, header.window_end, header.revision - 1)
        digest = self._journal.signed(header.stream_id, window)
        if digest is None:
            raise PolicyRefused(f"revision {header.revision}: revision {header.revision - 1} was not signed here")
        before, now = set(self._store.job(digest).orders), set(draft.orders)
        if before - now:
            raise PolicyRefused(f"a revision adds orders: {len(before - now)} of the ones before are not there")
        check_late(terms_of(header), now - before)

    def _enqueue(self, message: Message) -> None:
        if message.kind == PROVE:
            job = Job.from_body(message.body)
            ready = self._store.bundle(job.t0.digest)
            if ready is not None:
                self._answer(message.id, DONE, ready)
                return
        if self._work.full():
            self._answer(message.id, BUSY, str(self._limits.backlog).encode())
            return
        if message.kind == PROVE:
            self._store.take(job)
        self._work.put(message)

    def _prove_all(self) -> None:
        for job in self._store.unfinished():
            with contextlib.suppress(Exception):  # it stays unfinished, and is tried again at the next start
                self._prove(job)
        while (message := self._work.get()) is not None:
            try:
                kind, body = DONE, self._work_on(message)
            except Exception as fault:  # or nobody would take from the queue any more, and all would wait
                kind, body = REFUSED, _said(fault)
            self._answer(message.id, kind, body)

    def _work_on(self, message: Message) -> bytes:
        if message.kind == PROVE:
            return self._prove(Job.from_body(message.body))
        wanted = Wanted.from_body(message.body)
        return receipt(self._store.job(wanted.statement), wanted, self._identity.blinding).encode()

    def _prove(self, job: Job) -> bytes:
        ready = self._store.bundle(job.t0.digest)
        if ready is None:
            try:
                ready = prove(job, self._identity.blinding).encode()
            except ProofError:
                self._store.drop(job.t0.digest)
                raise
            self._store.finish(job.t0.digest, ready)
        return ready


def _said(fault: Exception) -> bytes:
    """What may be said of a failure: ours in words, the disk's by its cause, others by their kind."""
    if isinstance(fault, ProofError):
        return str(fault).encode()
    cause = fault.strerror if isinstance(fault, OSError) and fault.strerror else type(fault).__name__
    return f"the prover failed: {cause}".encode()


def identity_from(stream: BinaryIO) -> Identity:
    """Read the sealed key and its passphrase from the first message; KeyRefused otherwise."""
    first = read_message(stream)
    if first is None or first.kind != KEY or b"\0" not in first.body:
        raise KeyRefused("the first message must carry the sealed key and its passphrase")
    passphrase, _, sealed = first.body.partition(b"\0")
    return unseal(sealed, passphrase.decode(errors="replace"))


def serve(folder: Path, source: BinaryIO, sink: BinaryIO, limits: Limits) -> int:
    """A whole life: key, then messages. The exit code: 0, 2 (refused at the start), 3 (a broken message)."""
    try:
        server = Server(folder, identity_from(source), sink, limits)
    except (KeyRefused, Refused, Malformed) as fault:
        sink.write(Message(0, REFUSED, str(fault).encode()).encode())
        sink.flush()
        return 2
    sink.write(Message(0, DONE, b"").encode())
    sink.flush()
    try:
        server.run(source)
    except Malformed as fault:  # the other side lost its place: nothing after it can be read
        sink.write(Message(0, REFUSED, str(fault).encode()).encode())
        sink.flush()
        return 3
    return 0
