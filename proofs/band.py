"""T1 in threshold mode: the imbalance ratio lies in one published band; nothing else is said.

With edges lo = p/q, hi = p'/q and rho = (B - S) / (B + S):

    rho >= lo   <=>   D_lo = (q - p) B - (q + p) S      >= 0
    rho <  hi   <=>   D_hi = (q + p') S - (q - p') B - 1 >= 0
    activity          B + S - v_min                      >= 0

Each is an integer combination of B and S, so its commitment is the same combination of C_B
and C_S: the verifier derives them, the prover shows {B, S, D_lo, D_hi, B + S - v_min} all lie
in [0, 2**64). Since B, S < 2**64 and |coefficients| <= 2049, no combination wraps around r.
Without v_min >= 1 an empty window would satisfy every band.

Integers only: a ratio computed in floating point disagrees at the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.codec import Framed, Nested, Raw, Uint
from equipoise.proofs.digest import i16, u8, u16, u64
from equipoise.proofs.errors import Invalid, LimitExceeded, PolicyRefused
from equipoise.proofs.group import IDENTITY, ORDER, G, Point
from equipoise.proofs.header import THRESHOLD, Header
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangecheck import check_range, equation_of
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.rangeproof import Challenger, Equation, RangeProof
from equipoise.proofs.statements import Subject
from equipoise.proofs.window import Closed

TAG = b"BAND"
BITS, VALUES = 64, 8


@dataclass(frozen=True)
class Band(Framed):
    """SPEC.md, section 10; 1,250 bytes, whatever the orders."""

    statement: bytes
    index: int
    proof: RangeProof

    TYPE = 5
    LIMIT = 2048
    FIELDS = (("statement", Raw(32)), ("index", Uint(1)), ("proof", Nested(RangeProof)))


def band_of(header: Header, buys: int, sells: int) -> int:
    """The band that holds the ratio, in integers; LimitExceeded below the minimum of volume."""
    if buys + sells < header.v_min:
        raise LimitExceeded("total volume is below v_min: no band is proved")
    for index, edge in enumerate(header.edges[1:]):
        if header.q * (buys - sells) < edge * (buys + sells):
            return index
    raise AssertionError("the last edge is above every ratio")


def _rows(header: Header, index: int) -> list[tuple[int, int, int]]:
    """(coefficient of B, of S, constant) of each value that must not be negative."""
    lo, hi, q = header.edges[index], header.edges[index + 1], header.q
    return [(1, 0, 0), (0, 1, 0), (q - lo, -(q + lo), 0), (hi - q, q + hi, -1), (1, 1, -header.v_min)]


def derived(subject: Subject, index: int) -> list[Point]:
    """V_1 ... V_8, as the verifier derives them."""
    c_b, c_s, g = subject.t0.c_b, subject.t0.c_s, Point(G)
    values = [c_b * x + c_s * y + g * k for x, y, k in _rows(subject.header, index)]
    return values + [Point(IDENTITY)] * (VALUES - len(values))


def band_transcript(subject: Subject, index: int) -> Challenger:
    """The transcript up to the range proof."""
    transcript = subject.transcript(TAG, BITS * VALUES)
    absorb_band(transcript, subject.header, index)
    return transcript


def absorb_band(transcript: Challenger, header: Header, index: int) -> None:
    """Absorb the statement: which band, which edges, which minimum."""
    lo, hi = header.edges[index], header.edges[index + 1]
    transcript.append(b"band", u8(index) + i16(lo) + i16(hi) + u16(header.q) + u64(header.v_min))


def prove_band(closed: Closed, nonces: Nonces) -> Band:
    """Prove the band that holds; PolicyRefused in open mode, LimitExceeded below v_min."""
    header = closed.header
    if header.mode != THRESHOLD:
        raise PolicyRefused("open mode: no band is proved")
    index = band_of(header, closed.buys, closed.sells)
    subject = Subject(header, closed.t0)
    openings = [
        (x * closed.buys + y * closed.sells + k, (x * closed.r_b + y * closed.r_s) % ORDER)
        for x, y, k in _rows(header, index)
    ]
    openings += [(0, 0)] * (VALUES - len(openings))
    proof = prove_range(band_transcript(subject, index), openings, derived(subject, index), BITS, nonces)
    return Band(closed.t0.digest, index, proof)


def _check_statement(subject: Subject, band: Band) -> None:
    subject.refers(band.statement, "band")
    if subject.header.mode != THRESHOLD:
        raise Invalid("mode-mismatch", "band")
    if band.index >= len(subject.header.edges) - 1:
        raise Invalid("band-index", "band.index", f"{band.index}")


def check_band(subject: Subject, band: Band) -> None:
    """Raises Invalid: statement-mismatch, mode-mismatch, band-index, proof-size, challenge-zero, range-equation."""
    _check_statement(subject, band)
    check_range(band_transcript(subject, band.index), band.proof, derived(subject, band.index), BITS)


def band_equation(subject: Subject, band: Band) -> Equation:
    """All of `check_band` but the last sum, for a `Batch`."""
    _check_statement(subject, band)
    return equation_of(band_transcript(subject, band.index), band.proof, derived(subject, band.index), BITS)
