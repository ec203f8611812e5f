"""The attestation, type 2 (tier T0): the signed statement that binds header, root and totals (SPEC section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from . import ed25519
from .curve import Point
from .encoding import encode_point
from .generators import generator_digest
from .hashing import digest, vec8
from .header import Header
from .history import History
from .reader import Reader
from .transcript import Transcript
from .verdict import MalformedError, require

BODY_BYTES = 330
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Attestation:
    """The statement's fields, its signature and its digest."""

    statement: bytes
    stream_id: bytes
    sequence: int
    header_digest: bytes
    root: bytes
    buys: Point
    sells: Point
    previous: bytes
    key: bytes
    signature: bytes

    @property
    def digest(self) -> bytes:
        """statement_digest: names this statement everywhere else."""
        return digest(b"equipoise/v1/statement", self.statement)


def decode_attestation(body: bytes, name: str = "attestation") -> Attestation:
    """The attestation of an object's body; raises MalformedError."""
    reader = Reader(body, name)
    reader.version()
    attestation = Attestation(
        statement=body[: BODY_BYTES - _SIGNATURE_BYTES],
        stream_id=reader.take(32, "stream_id"),
        sequence=reader.uint(8, "sequence"),
        header_digest=reader.take(32, "header_digest"),
        root=reader.take(32, "root"),
        buys=reader.point("C_B"),
        sells=reader.point("C_S"),
        previous=reader.take(32, "previous"),
        key=reader.take(32, "key"),
        signature=reader.take(_SIGNATURE_BYTES, "signature"),
    )
    if (attestation.sequence == 0) != (attestation.previous == bytes(32)):
        raise MalformedError("bad-value", f"{name}.previous: zeros exactly at sequence 0")
    reader.end()
    return attestation


def check_signature(attestation: Attestation) -> None:
    """Raise InvalidError signature unless the attestation's own key signed its statement."""
    message = vec8(b"equipoise/v1/sign/attestation") + attestation.statement
    require(ed25519.verify(attestation.key, message, attestation.signature), "signature", "the attestation's")


def check_attestation(header: Header, attestation: Attestation, history: History | None, key: bytes | None) -> None:
    """Raise InvalidError unless header and attestation belong together and an acceptable key signed them.

    `key` is the expected key where there is no history.
    """
    require(attestation.header_digest == header.digest, "header-mismatch", "the attestation names another header")
    require(attestation.stream_id == header.stream_id, "stream-mismatch", "the header is of another stream")
    if history is not None:
        history.check_key(attestation.key, header.window_end)
    elif key is not None:
        require(attestation.key == key, "key-unknown", "not the expected key")
    check_signature(attestation)


def start_transcript(tag: bytes, header: Header, attestation: Attestation, vectors: int) -> Transcript:
    """The prelude of every transcript about this attestation; `vectors` is the number of vector generators used."""
    transcript = Transcript(tag)
    transcript.append("suite", tag)
    transcript.append("generators", generator_digest(vectors))
    transcript.append("header", header.digest)
    transcript.append("root", attestation.root)
    transcript.append("statement", attestation.digest)
    transcript.append("mode", bytes([header.mode, header.leaf_mode]))
    transcript.append("C_B", encode_point(attestation.buys))
    transcript.append("C_S", encode_point(attestation.sells))
    return transcript


def check_statement(named: bytes, attestation: Attestation) -> None:
    """Raise InvalidError statement-mismatch unless a proof names this attestation's statement."""
    require(named == attestation.digest, "statement-mismatch", "made for another statement")
