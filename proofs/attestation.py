"""T0: the statement that is signed when a window closes.

    statement = version, stream, sequence, header digest, root, C_B, C_S, previous, key
    previous  = digest of the statement before: a chain
    signature = Ed25519 over the statement

C_B and C_S commit to the totals with blindings of their own, so that opening them in open
mode says nothing about the blindings of the leaves; a link proof ties them to the leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from equipoise.proofs.codec import Framed, Raw, Uint
from equipoise.proofs.digest import ZERO32, tagged, vec8
from equipoise.proofs.elements import GroupElement
from equipoise.proofs.errors import Invalid, Malformed
from equipoise.proofs.group import Point
from equipoise.proofs.header import VERSION, Header

_FIELD = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH})  # y of the points of order 1, 2, 4, 8
_SIGN = vec8(b"equipoise/v1/sign/attestation")


@dataclass(frozen=True)
class Attestation(Framed):
    """SPEC.md, section 6; 330 bytes whatever it attests."""

    version: int
    stream_id: bytes
    sequence: int
    header_digest: bytes
    root: bytes
    c_b: Point
    c_s: Point
    previous: bytes
    key: bytes
    signature: bytes

    TYPE = 2
    LIMIT = 330
    FIELDS = (
        ("version", Uint(2, VERSION, VERSION, "bad-version")),
        ("stream_id", Raw(32)),
        ("sequence", Uint(8)),
        ("header_digest", Raw(32)),
        ("root", Raw(32)),
        ("c_b", GroupElement()),
        ("c_s", GroupElement()),
        ("previous", Raw(32)),
        ("key", Raw(32)),
        ("signature", Raw(64)),
    )

    def validate(self, where: str) -> None:
        """Only the first statement of a stream has no predecessor."""
        if (self.sequence == 0) != (self.previous == ZERO32):
            raise Malformed("bad-value", f"{where}.previous", "zeros at sequence 0, and only there")

    @cached_property
    def statement(self) -> bytes:
        """What is signed, without the domain's prefix."""
        return self.body()[:-64]

    @cached_property
    def digest(self) -> bytes:
        """The statement's digest: what proofs refer to and the next statement chains to."""
        return tagged(b"equipoise/v1/statement", self.statement)

    @property
    def signed_message(self) -> bytes:
        """The bytes under the signature."""
        return _SIGN + self.statement


def signature_holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature verifies by SPEC.md, section 1, which is stricter than OpenSSL.

    OpenSSL reduces a key's coordinate modulo 2**255 - 19 silently, and takes keys of small
    order, under which anybody can sign anything.
    """
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    if y >= _FIELD or y in _SMALL_ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_names(header: Header, t0: Attestation) -> None:
    """Check that ``t0`` is about ``header``: Invalid header-mismatch, stream-mismatch.

    Its key's standing and its signature are `verify`'s to check, in this order.
    """
    if t0.header_digest != header.digest:
        raise Invalid("header-mismatch", "attestation.header_digest")
    if t0.stream_id != header.stream_id:
        raise Invalid("stream-mismatch", "attestation.stream_id")
