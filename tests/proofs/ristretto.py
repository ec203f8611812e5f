"""Ristretto255 (RFC 9496) and Merlin (over STROBE-128), slow and plain: only to run another project's proofs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha3_512, shake_256

P = 2**255 - 19
ELL = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Extended = tuple[int, int, int, int]
ZERO: Extended = (0, 1, 1, 0)
BASE_BYTES = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def _abs(x: int) -> int:
    return P - x if x & 1 else x


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """(was u/v a square, sqrt(u/v) or sqrt(i u/v))."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, _abs(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]
SQRT_AD_MINUS_ONE = sqrt_ratio((-D - 1) % P, 1)[1]
if SQRT_AD_MINUS_ONE != 25063068953384623474111414158702152701244531502492656460079210482610430750235:
    SQRT_AD_MINUS_ONE = P - SQRT_AD_MINUS_ONE


def decode(data: bytes) -> Extended:
    """RFC 9496, section 4.3.1."""
    s = int.from_bytes(data, "little")
    if s >= P or s & 1:
        raise ValueError("not a canonical encoding")
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inv = sqrt_ratio(1, v * u2 * u2 % P)
    dx = inv * u2 % P
    dy = inv * dx * v % P
    x, y = _abs(2 * s * dx % P), u1 * dy % P
    t = x * y % P
    if not square or t & 1 or y == 0:
        raise ValueError("not an element")
    return x, y, 1, t


def _elligator(r0: int) -> Extended:
    r = SQRT_M1 * r0 * r0 % P
    u = (r + 1) * (1 - D * D) % P
    v = (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    if square:
        c = -1
    else:
        s, c = -_abs(s * r0 % P) % P, r
    n = (c * (r - 1) * (D - 1) ** 2 - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_uniform(data: bytes) -> Extended:
    """RFC 9496, section 4.3.4."""
    mask = (1 << 255) - 1
    halves = [int.from_bytes(data[i : i + 32], "little") & mask for i in (0, 32)]
    return add(_elligator(halves[0] % P), _elligator(halves[1] % P))


def add(a: Extended, b: Extended) -> Extended:
    """Unified addition on the twisted Edwards curve with a = -1."""
    aa, bb = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    cc, dd = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = bb - aa, dd - cc, dd + cc, bb + aa
    return e * f % P, g * h % P, f * g % P, e * h % P


def is_identity(a: Extended) -> bool:
    """Equality of cosets with the identity."""
    return a[0] % P == 0 or a[1] % P == 0


def msm(points: Sequence[Extended], factors: Sequence[int]) -> Extended:
    """Pippenger with 8-bit windows."""
    total = ZERO
    for window in range(31, -1, -1):
        for _ in range(8):
            total = add(total, total)
        buckets: dict[int, Extended] = {}
        for point, factor in zip(points, factors, strict=True):
            digit = factor >> 8 * window & 255
            if digit:
                buckets[digit] = add(buckets[digit], point) if digit in buckets else point
        running = summed = ZERO
        for digit in range(255, 0, -1):
            if digit in buckets:
                running = add(running, buckets[digit])
            summed = add(summed, running)
        total = add(total, summed)
    return total


def chain(label: bytes) -> Iterator[Extended]:
    """Another project's generators: SHAKE256 blocks of 64 bytes, mapped."""
    stream = shake_256(b"GeneratorsChain" + label).digest(64 * 64)
    for i in range(64):
        yield from_uniform(stream[64 * i : 64 * i + 64])


def blinding_base() -> Extended:
    """The base of blindings: SHA3-512 of the base point's bytes, mapped."""
    return from_uniform(sha3_512(BASE_BYTES).digest())


_ROUNDS = []
_lfsr = 1
for _ in range(24):
    _constant = 0
    for _j in range(7):
        if _lfsr & 1:
            _constant |= 1 << ((1 << _j) - 1)
        _lfsr = (_lfsr << 1) ^ (0x171 if _lfsr & 0x80 else 0)
    _ROUNDS.append(_constant)


def keccak(state: bytearray) -> None:
    """Keccak-f[1600] in place (FIPS 202)."""
    mask = (1 << 64) - 1
    a = [[int.from_bytes(state[8 * (x + 5 * y) : 8 * (x + 5 * y) + 8], "little") for y in range(5)] for x in range(5)]

    def rol(v: int, n: int) -> int:
        return (v << n | v >> (64 - n)) & mask if n else v

    for constant in _ROUNDS:
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rol(current, (t + 1) * (t + 2) // 2 % 64)
        a = [[a[x][y] ^ (~a[(x + 1) % 5][y] & a[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    for x in range(5):
        for y in range(5):
            state[8 * (x + 5 * y) : 8 * (x + 5 * y) + 8] = a[x][y].to_bytes(8, "little")


class Merlin:
    """Transcripts over STROBE-128, as merlin 1.0 defines them."""

    RATE = 166

    def __init__(self, label: bytes) -> None:
        self.state = bytearray(200)
        self.state[:18] = bytes([1, 168, 1, 0, 1, 96]) + b"STROBEv1.0.2"
        keccak(self.state)
        self.pos = self.begin = 0
        self._op(0x12, b"Merlin v1.0")
        self.append(b"dom-sep", label)

    def _run(self) -> None:
        self.state[self.pos] ^= self.begin
        self.state[self.pos + 1] ^= 0x04
        self.state[self.RATE + 1] ^= 0x80
        keccak(self.state)
        self.pos = self.begin = 0

    def _absorb(self, data: bytes) -> None:
        for byte in data:
            self.state[self.pos] ^= byte
            self.pos += 1
            if self.pos == self.RATE:
                self._run()

    def _start(self, flags: int) -> None:
        old, self.begin = self.begin, self.pos + 1
        self._absorb(bytes([old, flags]))
        if flags & 0x24 and self.pos:
            self._run()

    def _op(self, flags: int, data: bytes) -> None:
        self._start(flags)
        self._absorb(data)

    def append(self, label: bytes, data: bytes) -> None:
        self._op(0x12, label)
        self._absorb(len(data).to_bytes(4, "little"))
        self._op(0x02, data)

    def challenge_bytes(self, label: bytes, size: int) -> bytes:
        self._op(0x12, label)
        self._absorb(size.to_bytes(4, "little"))
        self._start(0x07)
        out = bytearray()
        for _ in range(size):
            out.append(self.state[self.pos])
            self.state[self.pos] = 0
            self.pos += 1
            if self.pos == self.RATE:
                self._run()
        return bytes(out)
