"""The journal: one sequence number never carries two statements, whatever crashes.

Before a statement leaves the process, (stream, number, window, revision, digest) is appended
and synced to the disk. After a restart the journal is read back: the same statement may be
published again, another one under the number, or for the window's revision, is refused. So is
what would break the chain for good, whoever asks for it: a statement that does not name the
one before it, a window that overlaps an earlier one, a revision of what was not signed.

A record is ``u32 crc32 || claim``, all of one length. A torn last record was never acknowledged
and is cut off; damage anywhere before it stops the start, because forgetting is what must not
happen. Per stream the last 4,096 numbers are kept in memory; older ones are refused unseen.

Not guaranteed: anything, if two processes are given two copies of the journal. A lock keeps
two processes off one copy.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from equipoise.proofs.codec import Raw, Struct, Uint
from equipoise.proofs.errors import PolicyRefused, Refused, SequenceReused
from equipoise.proofs.window import Closed

KEPT = 4096
RECORD = 4 + 92


@dataclass(frozen=True)
class Claim(Struct):
    """One statement that may have been published."""

    stream_id: bytes
    sequence: int
    window_start: int
    window_end: int
    revision: int
    digest: bytes

    FIELDS = (
        ("stream_id", Raw(32)),
        ("sequence", Uint(8)),
        ("window_start", Uint(8)),
        ("window_end", Uint(8)),
        ("revision", Uint(4)),
        ("digest", Raw(32)),
    )

    @property
    def window(self) -> tuple[int, int, int]:
        """Start, end, revision."""
        return self.window_start, self.window_end, self.revision


def claim_of(closed: Closed) -> Claim:
    """What a closed window claims."""
    h, t0 = closed.header, closed.t0
    return Claim(t0.stream_id, t0.sequence, h.window_start, h.window_end, h.revision, t0.digest)


class _Stream:
    """What is remembered of one stream."""

    def __init__(self) -> None:
        self.newest = -1
        self.latest_end = 0
        self.by_sequence: dict[int, Claim] = {}
        self.by_window: dict[tuple[int, int, int], Claim] = {}

    def check(self, claim: Claim) -> bool:
        """Whether it is known; SequenceReused if it contradicts what is."""
        number, window = self.by_sequence.get(claim.sequence), self.by_window.get(claim.window)
        if number is not None and number != claim:
            raise SequenceReused(f"sequence {claim.sequence} was signed with another statement")
        if window is not None and window != claim:
            raise SequenceReused(f"window {claim.window} was signed already, under sequence {window.sequence}")
        if number is None and claim.sequence <= self.newest:
            raise SequenceReused(f"sequence {claim.sequence}: {self.newest} was signed already")
        return number is not None

    def check_chain(self, claim: Claim, previous: bytes) -> None:
        """SequenceReused or PolicyRefused if a new statement cannot follow what is known."""
        before = self.by_sequence.get(claim.sequence - 1)
        if before is not None and before.digest != previous:
            raise SequenceReused(
                f"sequence {claim.sequence}: does not name statement {before.sequence} as the one before"
            )
        start, end, revision = claim.window
        if revision == 0 and start < self.latest_end:
            raise PolicyRefused(
                f"window starts at {start}, before {self.latest_end}, where one that was signed ends: overlap"
            )
        if revision and before is not None and (start, end, revision - 1) not in self.by_window:
            raise PolicyRefused(
                f"revision {revision} of window [{start}, {end}): revision {revision - 1} was not signed"
            )

    def keep(self, claim: Claim) -> None:
        """Remember it, and forget what is too old to come again."""
        self.newest = claim.sequence
        self.latest_end = max(self.latest_end, claim.window_end)
        self.by_sequence[claim.sequence] = claim
        self.by_window[claim.window] = claim
        while len(self.by_sequence) > KEPT:
            old = self.by_sequence.pop(next(iter(self.by_sequence)))
            self.by_window.pop(old.window, None)


class Journal:
    """A file that outlives the process; at most one process has it open."""

    def __init__(self, path: Path) -> None:
        self._streams: dict[bytes, _Stream] = {}
        self._failed = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read(path)
            _sync_folder(path.parent)
        except BlockingIOError:
            os.close(self._file)
            raise Refused(f"{path}: another process has the journal open") from None
        except Refused:
            os.close(self._file)
            raise

    def _read(self, path: Path) -> None:
        data = path.read_bytes()
        pos = 0
        while len(data) - pos >= RECORD:
            claim = self._parse(data[pos : pos + RECORD])
            if claim is None and pos + RECORD == len(data):
                break
            if claim is None:
                raise Refused(f"{path}: damaged at byte {pos}")
            stream = self._stream(claim)
            try:
                known = stream.check(claim)
            except SequenceReused as fault:
                raise Refused(f"{path}: damaged at byte {pos}: {fault}") from None
            if not known:
                stream.keep(claim)
            pos += RECORD
        os.ftruncate(self._file, pos)
        os.lseek(self._file, 0, os.SEEK_END)

    @staticmethod
    def _parse(record: bytes) -> Claim | None:
        """The claim of one record, None if it is damaged."""
        body = record[4:]
        return Claim.from_body(body) if zlib.crc32(body) == int.from_bytes(record[:4], "big") else None

    def _stream(self, claim: Claim) -> _Stream:
        return self._streams.setdefault(claim.stream_id, _Stream())

    def knows(self, closed: Closed) -> bool:
        """Whether this very statement was claimed; SequenceReused if it contradicts one that was."""
        claim = claim_of(closed)
        return self._stream(claim).check(claim)

    def signed(self, stream_id: bytes, window: tuple[int, int, int]) -> bytes | None:
        """The digest of the statement about a window (start, end, revision); None where it is not remembered."""
        stream = self._streams.get(stream_id)
        found = stream.by_window.get(window) if stream is not None else None
        return found.digest if found is not None else None

    def claim(self, closed: Closed) -> None:
        """Remember a statement before it is published.

        On return it is on the disk. Raises SequenceReused if another statement has its number,
        its window's revision, or a higher number, or it does not name the one before;
        PolicyRefused if its window overlaps an earlier one; Refused once writing has failed.
        """
        claim = claim_of(closed)
        stream = self._stream(claim)
        if stream.check(claim):
            return
        stream.check_chain(claim, closed.t0.previous)
        if self._failed:
            raise Refused("the journal could not be written: nothing more is signed by this process")
        body = claim.body()
        try:
            _write_all(self._file, zlib.crc32(body).to_bytes(4, "big") + body)
            os.fsync(self._file)
        except OSError as fault:  # a part may be on the disk; after a failed fsync nobody knows which
            self._failed = True
            raise Refused(f"the journal could not be written: {fault.strerror}") from None
        stream.keep(claim)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Make a folder for its owner alone, parents too, so that it is still there after a power cut."""
    if path.is_dir():
        return
    if not path.parent.is_dir():
        private_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(path.parent)


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that after a crash it is whole or absent; private to its owner unless ``mode`` says more."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # what a crash left, or somebody else's link: never written through
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        _write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(path)
    _sync_folder(path.parent)
