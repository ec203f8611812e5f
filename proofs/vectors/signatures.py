"""Ed25519 at the edges of SPEC.md, section 1: keys of small order, torsion, other encodings.

No honest library makes these signatures, hence the arithmetic: affine, slow and short.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256, sha512
from itertools import count

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.digest import ZERO32, vec8
from equipoise.proofs.equivocation import Equivocation
from equipoise.proofs.history import ADD, Entry, History
from equipoise.proofs.orders import signed_by_gateway
from equipoise.proofs.vectors.cheats import resigned
from equipoise.proofs.vectors.scenes import OPEN_TERMS, closed, full, mixed, orders

Affine = tuple[int, int]
Case = tuple[str, bytes, str]

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q
NEUTRAL: Affine = (0, 1)
BASE: Affine = (
    0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
    0x6666666666666666666666666666666666666666666666666666666666666658,
)
EIGHTH: Affine = (  # generates the eight points of small order
    0x1FD5B9A006394A28E933993238DE4ABB5C193C7013E5E238DEA14646C545D14A,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)
SECRET = int.from_bytes(sha256(b"equipoise vectors: a scalar of Ed25519").digest(), "little") % L


def plus(a: Affine, b: Affine) -> Affine:
    """The complete addition law of -x^2 + y^2 = 1 + d x^2 y^2."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % Q
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, Q) % Q, (y1 * y2 + x1 * x2) * pow(1 - k, -1, Q) % Q


def times(factor: int, point: Affine) -> Affine:
    """``factor`` times ``point``, factor >= 0."""
    total = NEUTRAL
    for bit in bin(factor)[2:]:
        total = plus(total, total)
        if bit == "1":
            total = plus(total, point)
    return total


def encode(point: Affine) -> bytes:
    """RFC 8032, section 5.1.2."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _hash(nonce: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(nonce + key + message).digest(), "little") % L


def sign(key: bytes, secret: int, message: bytes) -> bytes:
    """A signature under ``key``, whose point is ``secret`` B and any point of small order.

    With ``secret`` = 0 anybody can do it: k takes a part of small order away when 8 divides it.
    """
    for r in count(1):
        nonce = encode(times(r, BASE))
        k = _hash(nonce, key, message)
        if k % 8 == 0:
            return nonce + ((r + k * secret) % L).to_bytes(32, "little")
    raise AssertionError


def _attested(key: bytes, secret: int, orders_in_it: int = 1) -> Attestation:
    t0 = replace(closed(OPEN_TERMS, orders(mixed(orders_in_it))).t0, key=key)
    return replace(t0, signature=sign(key, secret, t0.signed_message))


def _bundle(t0: Attestation) -> bytes:
    return Bundle(closed(OPEN_TERMS, orders(mixed(1))).header, t0).encode()


def small_keys() -> Iterator[tuple[str, bytes]]:
    """Every encoding of the eight points of small order, canonical or not."""
    for multiple in range(8):
        yield f"small order, {multiple} of 8", encode(times(multiple, EIGHTH))
    for name, y, sign_bit in (
        ("y = 0 as q", Q, 0),
        ("y = 0 as q, signed", Q, 1),
        ("y = 1 as q + 1", Q + 1, 0),
        ("y = 1 as q + 1, signed", Q + 1, 1),
        ("x = 0 signed, y = 1", 1, 1),
        ("x = 0 signed, y = -1", Q - 1, 1),
    ):
        yield f"small order, {name}", (y | sign_bit << 255).to_bytes(32, "little")


def _keys() -> Iterator[Case]:
    for name, key in small_keys():
        yield f"key of {name}", _bundle(_attested(key, 0)), "signature"
    honest = encode(times(SECRET, BASE))
    mixed_order = encode(plus(times(SECRET, BASE), EIGHTH))
    yield "key of the scalar", _bundle(_attested(honest, SECRET)), "accept"
    yield "key with a part of small order", _bundle(_attested(mixed_order, SECRET)), "accept"
    two = Equivocation(_attested(encode(NEUTRAL), 0, 1), _attested(encode(NEUTRAL), 0, 2))
    yield "evidence under a key of small order", two.encode(), "signature"
    first = Entry(ADD, encode(EIGHTH), 0, ZERO32, encode(EIGHTH), bytes(64), bytes(64))
    signature = sign(first.key, 0, vec8(b"equipoise/v1/sign/entry") + first.digest)
    possession = sign(first.key, 0, vec8(b"equipoise/v1/sign/possession") + first.digest)
    begun = History((replace(first, signature=signature, possession=possession),))
    yield "history that begins with a key of small order", begun.encode(), "signature"


def _nonces() -> Iterator[Case]:
    key = encode(times(SECRET, BASE))
    good = _attested(key, SECRET)
    s = int.from_bytes(good.signature[32:], "little")
    grown = good.signature[:32] + (s + L).to_bytes(32, "little")
    yield "S not reduced", _bundle(replace(good, signature=grown)), "signature"

    def with_nonce(nonce: bytes, r: int) -> bytes:
        k = _hash(nonce, key, good.signed_message)
        return _bundle(replace(good, signature=nonce + ((r + k * SECRET) % L).to_bytes(32, "little")))

    yield "R of order one", with_nonce(encode(NEUTRAL), 0), "accept"
    yield "R of order one as q + 1", with_nonce((Q + 1).to_bytes(32, "little"), 0), "signature"
    yield "R that needs the cofactor", with_nonce(encode(plus(times(5, BASE), times(4, EIGHTH))), 5), "signature"
    yield "R of small order that needs the cofactor", with_nonce(encode(EIGHTH), 0), "signature"


def _gateways() -> Iterator[Case]:
    weak = encode(times(3, EIGHTH))
    terms = replace(OPEN_TERMS, gateway=weak)
    placed = orders(mixed(2))
    signed = [sign(weak, 0, signed_by_gateway(terms.stream, terms.instrument, order)) for order in placed]
    plain = closed(OPEN_TERMS, [replace(o, signature=s) for o, s in zip(placed, signed, strict=True)])
    named = resigned(plain, plain.trees, header=replace(plain.header, gateway=weak))
    yield "gateway of small order", full(named, [(0, 0)], False).encode(), "gateway-signature"


def signatures() -> Iterator[Case]:
    """(name, object, verdict or reason)."""
    for cases in (_keys(), _nonces(), _gateways()):
        yield from cases
