"""The Fiat-Shamir transcript: a SHAKE128 duplex sponge with labelled, length-framed operations (SPEC section 7).

Squeezing does not change the state, so the sponge is a running SHAKE128 object and a challenge is the output of a copy.
"""

from __future__ import annotations

from hashlib import shake_128

from .curve import Point, R
from .encoding import encode_point, encode_scalar
from .hashing import vec8
from .verdict import InvalidError

_RATE = 168
_SESSION = b"irtf-cfrg-fiat-shamir/session-id"
LINK_TAG = b"EQUIPOISE-V1-SHAKE128-BLS12381G1-LINK"
BAND_TAG = b"EQUIPOISE-V1-SHAKE128-BLS12381G1-BAND"
RECEIPT_TAG = b"EQUIPOISE-V1-SHAKE128-BLS12381G1-RECEIPT"


def session_id(tag: bytes) -> bytes:
    """The 32 bytes that start the sponge of protocol `tag`."""
    return shake_128(_initial(_SESSION) + tag).digest(32)


def _initial(session: bytes) -> bytes:
    return session + bytes(_RATE - len(session))


class Transcript:
    """What prover and verifier have said so far."""

    def __init__(self, tag: bytes) -> None:
        self._sponge = shake_128(_initial(session_id(tag)))

    def append(self, label: str, data: bytes) -> None:
        """Absorb a labelled string."""
        self._sponge.update(b"\x01" + vec8(label.encode("ascii")) + len(data).to_bytes(4, "big") + data)

    def append_point(self, label: str, point: Point) -> None:
        """Absorb a point, compressed."""
        self.append(label, encode_point(point))

    def append_scalar(self, label: str, scalar: int) -> None:
        """Absorb a scalar, 32 bytes."""
        self.append(label, encode_scalar(scalar))

    def challenge(self, label: str) -> int:
        """A scalar in 1..r−1; raises InvalidError challenge-zero for 0."""
        self._sponge.update(b"\x02" + vec8(label.encode("ascii")))
        value = int.from_bytes(self._sponge.digest(48), "little") % R
        if value == 0:
            raise InvalidError("challenge-zero", f"challenge {label}")
        return value
