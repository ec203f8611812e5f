"""The group: G1 of BLS12-381, behind a wrapper that closes the backend's traps.

The backend (py_arkworks_bls12381) is fast and trusting. What is closed here:

- ``Scalar(int)`` reduces modulo r silently: `scalar` takes 0 <= x < r only.
- ``multiexp_unchecked`` truncates to the shorter list silently: `msm` compares lengths.
- the decoder accepts a non-canonical infinity: `Point.decode` encodes again and compares,
  and rejects the identity unless the format allows it.

Not constant time: Python integers and the backend's multi-scalar multiplication leak
operand sizes and bit patterns through time to whoever can measure this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from py_arkworks_bls12381 import G1Point, Scalar

from equipoise.proofs.errors import LimitExceeded, Malformed

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
POINT_BYTES = 48
SCALAR_BYTES = 32
VALUE_BITS = 64
INFINITY = b"\xc0" + bytes(47)
DST = b"EQUIPOISE-V01-GENERATORS-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"

IDENTITY = G1Point.identity()


class Point:
    """A group element together with its canonical bytes (computed once, when needed)."""

    __slots__ = ("_data", "raw")

    def __init__(self, raw: G1Point, data: bytes | None = None) -> None:
        self.raw = raw
        self._data = data

    @property
    def data(self) -> bytes:
        """The compressed encoding, 48 bytes."""
        if self._data is None:
            self._data = self.raw.to_compressed_bytes()
        return self._data

    @classmethod
    def decode(cls, data: bytes, where: str, identity: bool = False) -> Point:
        """Decode 48 bytes strictly.

        Raises Malformed: point-encoding, point-identity or point-subgroup, in this order.
        """
        point = cls.on_curve(data, where, identity)
        point.check_subgroup(where)
        return point

    @classmethod
    def on_curve(cls, data: bytes, where: str, identity: bool = False) -> Point:
        """Decode 48 bytes strictly, but for the subgroup: whoever calls this has that checked (`subgroup`).

        Raises Malformed: point-encoding or point-identity.
        """
        if len(data) != POINT_BYTES:
            raise Malformed("truncated", where, f"{len(data)} bytes, a point has {POINT_BYTES}")
        if data == INFINITY:
            if identity:
                return cls(IDENTITY, INFINITY)
            raise Malformed("point-identity", where)
        if data[0] & 0xC0 != 0x80:  # not compressed, or an infinity that is not the canonical one
            raise Malformed("point-encoding", where)
        try:
            raw = G1Point.from_compressed_bytes_unchecked(data)
        except ValueError:
            raise Malformed("point-encoding", where) from None
        if raw.to_compressed_bytes() != data:
            raise Malformed("point-encoding", where, "not canonical")
        return cls(raw, data)

    def check_subgroup(self, where: str) -> None:
        """Malformed point-subgroup unless this is in the subgroup of order r."""
        if not self.raw.is_in_subgroup():
            raise Malformed("point-subgroup", where)

    def is_identity(self) -> bool:
        """Whether this is the neutral element."""
        return bool(self.raw == IDENTITY)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and bool(self.raw == other.raw)

    def __hash__(self) -> int:
        return hash(self.data)

    def __add__(self, other: Point) -> Point:
        return Point(self.raw + other.raw)

    def __sub__(self, other: Point) -> Point:
        return Point(self.raw - other.raw)

    def __mul__(self, factor: int) -> Point:
        if -ORDER < factor < 0:  # the time grows with the factor: -3 is three bits long, r - 3 would be 255
            return Point(-(self.raw * scalar(-factor)))
        return Point(self.raw * scalar(factor % ORDER))

    def __repr__(self) -> str:
        return f"Point({self.data.hex()})"


def _in_order(x: int) -> int:
    """``x``; LimitExceeded outside 0..r-1."""
    if not 0 <= x < ORDER:
        raise LimitExceeded("scalar: must be in 0..r-1")
    return x


def scalar(x: int) -> Scalar:
    """The backend's scalar for 0 <= x < r; LimitExceeded otherwise (it would reduce silently)."""
    if not 0 <= x < ORDER:  # not _in_order: a proof's check comes here two thousand times
        raise LimitExceeded("scalar: must be in 0..r-1")
    return Scalar.from_be_bytes(x.to_bytes(SCALAR_BYTES, "big"))  # Scalar(x) takes twenty times as long


def decode_scalar(data: bytes, where: str) -> int:
    """A canonical big-endian scalar; Malformed scalar-range at or above r."""
    if len(data) != SCALAR_BYTES:
        raise Malformed("truncated", where, f"{len(data)} bytes, a scalar has {SCALAR_BYTES}")
    x = int.from_bytes(data, "big")
    if x >= ORDER:
        raise Malformed("scalar-range", where)
    return x


def encode_scalar(x: int) -> bytes:
    """32 bytes, big-endian; LimitExceeded outside 0..r-1."""
    return _in_order(x).to_bytes(SCALAR_BYTES, "big")


def msm(points: Sequence[G1Point], factors: Sequence[int]) -> G1Point:
    """Sum of factors[i] * points[i]; the lists must have one length."""
    if len(points) != len(factors):
        raise LimitExceeded(f"msm: {len(points)} points for {len(factors)} scalars")
    if not points:
        return IDENTITY
    return G1Point.multiexp_unchecked(list(points), [scalar(x) for x in factors])


def hash_to_group(message: bytes, dst: bytes = DST) -> G1Point:
    """RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_."""
    return G1Point.hash_to_curve(message, dst)


# Stands in every entry of the tables, so that none of them is the identity: the backend adds the identity faster than
# other points, and the zero digits of a small value would show in the time (43 against 54 microseconds a commitment).
_SHIFT = hash_to_group(b"tables/shift", b"EQUIPOISE-TABLES")


@lru_cache(maxsize=8)
def _unshifted(entries: int) -> G1Point:
    """Minus what ``entries`` entries of tables have too much."""
    return IDENTITY - _SHIFT * Scalar(entries)


class FixedBase:
    """Multiples of one base by a table of its windows of ``width`` bits: one addition per window.

    rows[i][d] = d * 2**(width i) * base + shift. The rows are tuples, which the garbage collector soon leaves alone;
    it would go through lists again and again.
    """

    def __init__(self, base: G1Point, width: int) -> None:
        self.width = width
        rows = []
        for _ in range(self.windows(ORDER.bit_length())):
            row = [_SHIFT]
            for _ in range((1 << width) - 1):
                row.append(row[-1] + base)
            rows.append(tuple(row))
            base = row[-1] + base - _SHIFT
        self.rows = tuple(rows)

    def windows(self, bits: int) -> int:
        """How many windows ``bits`` bits have."""
        return -(-bits // self.width)

    def times(self, x: int) -> G1Point:
        """x * base for 0 <= x < r."""
        bits = ORDER.bit_length()
        return self.onto(_unshifted(self.windows(bits)), _in_order(x), bits)

    def onto(self, total: G1Point, x: int, bits: int) -> G1Point:
        """``total`` + x * base + one shift for each window, 0 <= x < 2**bits."""
        width, mask = self.width, (1 << self.width) - 1
        for row, shift in zip(self.rows, range(0, bits, width), strict=False):
            total = total + row[x >> shift & mask]
        return total


G = hash_to_group(b"pedersen/value")
H = hash_to_group(b"pedersen/blinding")
U = hash_to_group(b"product")


@lru_cache(maxsize=1)
def tables() -> tuple[FixedBase, FixedBase]:
    """The tables of G and H, made at first use: 17 MB, a tenth of a second.

    Values have 64 bits and blindings 255, so wide windows pay for H: 22 additions instead of 32. Each further bit
    doubles the table and saves one or two.
    """
    return FixedBase(G, 8), FixedBase(H, 12)


def _committable(value: int) -> int:
    """``value``; LimitExceeded outside 0..2**64 - 1."""
    if not 0 <= value < 1 << VALUE_BITS:
        raise LimitExceeded("committed value: must be in 0..2^64-1")
    return value


def commit(value: int, blinding: int) -> G1Point:
    """Com(value; blinding) = value * G + blinding * H, 0 <= value < 2**64: the same 30 additions for all."""
    of_g, of_h = tables()
    bits = ORDER.bit_length()
    start = _unshifted(of_g.windows(VALUE_BITS) + of_h.windows(bits))
    return of_h.onto(of_g.onto(start, _committable(value), VALUE_BITS), _in_order(blinding), bits)


def recommit(value: int, blinding: int) -> G1Point:
    """The same for whoever was told both: five times the time, and no tables to be made first."""
    return G * scalar(_committable(value)) + H * scalar(blinding)
