"""The caller's side: starts the prover and matches answers to questions.

Bounded twice: the prover answers BUSY when its queue is full, and at most ``outstanding``
questions may wait for an answer here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.codec import Reader, read_framed
from equipoise.proofs.errors import Backlog, KeyRefused, Malformed, Refused
from equipoise.proofs.header import Header
from equipoise.proofs.prover.jobs import Draft, Job, Wanted
from equipoise.proofs.prover.messages import ATTEST, BUSY, DONE, KEY, PROVE, RECEIPT, STATUS, Message, read_message
from equipoise.proofs.prover.server import Limits


class Prover:
    """A prover process; use it as a context manager."""

    def __init__(
        self, folder: Path, sealed_key: bytes, passphrase: str, limits: Limits | None = None, outstanding: int = 64
    ) -> None:
        limits = limits or Limits()
        self._slots = threading.BoundedSemaphore(outstanding)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "equipoise.proofs.prover", str(folder), str(limits.backlog), str(limits.keep)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if "PASSPHRASE" not in name},
        )
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[bytes]] = {}
        self._next = 1
        self._ended = False
        self._send(Message(0, KEY, passphrase.encode() + b"\0" + sealed_key))
        first = self._read()
        if first is None or first.kind != DONE:
            self._process.wait()
            raise KeyRefused("prover: " + (first.body.decode() if first else "ended at its start"))
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def attest(self, draft: Draft) -> Future[bytes]:
        """Sign a window: the future gives header and attestation, framed (`signed`)."""
        return self._ask(ATTEST, draft.body())

    def prove(self, job: Job) -> Future[bytes]:
        """Prove a window: the future gives the bundle's bytes. Asking again is harmless."""
        return self._ask(PROVE, job.body())

    def receipt(self, wanted: Wanted) -> Future[bytes]:
        """Make a receipt of a window that was proved: the future gives a bundle's bytes."""
        return self._ask(RECEIPT, wanted.body())

    def backlog(self) -> Future[bytes]:
        """How many jobs wait: u32."""
        return self._ask(STATUS, b"")

    def _ask(self, kind: int, body: bytes) -> Future[bytes]:
        if not self._slots.acquire(blocking=False):
            raise Backlog("too many questions wait for the prover's answer")
        future: Future[bytes] = Future()
        with self._lock:
            ident, self._next = self._next, self._next + 1
            self._waiting[ident] = future
        try:
            self._send(Message(ident, kind, body))
        except OSError:
            self._settle(ident, None)
        if self._ended:  # a pipe may still take bytes that nobody will read
            self._settle(ident, None)
        return future

    def _send(self, message: Message) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(message.encode())
            self._process.stdin.flush()

    def _read(self) -> Message | None:
        assert self._process.stdout is not None
        try:
            return read_message(self._process.stdout)  # type: ignore[arg-type]
        except (Malformed, OSError, ValueError):
            return None

    def _listen(self) -> None:
        while (answer := self._read()) is not None:
            self._settle(answer.id, answer)
        self._ended = True
        for ident in list(self._waiting):
            self._settle(ident, None)

    def _settle(self, ident: int, answer: Message | None) -> None:
        with self._lock:
            future = self._waiting.pop(ident, None)
        if future is None:
            return
        self._slots.release()
        if answer is None:
            future.set_exception(Refused("the prover ended before it answered"))
        elif answer.kind == DONE:
            future.set_result(answer.body)
        elif answer.kind == BUSY:
            future.set_exception(Backlog(f"the prover holds {answer.body.decode()} jobs, as many as it may"))
        else:
            future.set_exception(Refused(answer.body.decode(errors="replace")))

    def close(self) -> None:
        """End the input, and wait until what was taken is finished."""
        assert self._process.stdin is not None
        with self._lock, contextlib.suppress(BrokenPipeError):  # it may be gone already
            self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Prover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def signed(answer: bytes) -> tuple[Header, Attestation]:
    """Header and attestation from the answer to `Prover.attest`."""
    reader = Reader(answer)
    header = read_framed(reader, {Header.TYPE: Header}, "answer")
    t0 = read_framed(reader, {Attestation.TYPE: Attestation}, "answer")
    reader.done("answer")
    assert isinstance(header, Header)
    assert isinstance(t0, Attestation)
    return header, t0
