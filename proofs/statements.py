"""What every proof of a window refers to, and absorbs first: header and attestation."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.digest import u8
from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import generator_digest
from equipoise.proofs.header import Header
from equipoise.proofs.rangeproof import Challenger
from equipoise.proofs.transcript import Transcript


@dataclass(frozen=True)
class Subject:
    """A window's public side: its header and its attestation."""

    header: Header
    t0: Attestation

    def transcript(self, tag: bytes, size: int) -> Transcript:
        """The transcript of one protocol about this window, prelude(size) absorbed."""
        transcript = Transcript(tag)
        self.absorb(transcript, transcript.tag, size)
        return transcript

    def absorb(self, transcript: Challenger, tag: bytes, size: int) -> None:
        """prelude(size) of SPEC.md, section 7."""
        transcript.append(b"suite", tag)
        transcript.append(b"generators", generator_digest(size))
        transcript.append(b"header", self.header.digest)
        transcript.append(b"root", self.t0.root)
        transcript.append(b"statement", self.t0.digest)
        transcript.append(b"mode", u8(self.header.mode) + u8(self.header.leaf_mode))
        transcript.append(b"C_B", self.t0.c_b.data)
        transcript.append(b"C_S", self.t0.c_s.data)

    def refers(self, digest: bytes, where: str) -> None:
        """Invalid statement-mismatch unless an object names this window's statement."""
        if digest != self.t0.digest:
            raise Invalid("statement-mismatch", f"{where}.statement")
