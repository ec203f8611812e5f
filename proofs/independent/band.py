"""The band, type 5 (tier T1, threshold mode): the imbalance ratio lies in one published band (SPEC section 10).

ρ = (B − S)/(B + S). With the band's edges lo/q ≤ ρ < hi/q, the range proof is about commitments that anybody derives
from the attested totals:

| commitment | holds | in range means |
|---|---|---|
| V₁ = C_B, V₂ = C_S | B, S | neither is negative |
| V₃ = (q − lo)·C_B − (q + lo)·C_S | q(B − S) − lo(B + S) | ρ ≥ lo/q |
| V₄ = (q + hi)·C_S − (q − hi)·C_B − G | hi(B + S) − q(B − S) − 1 | ρ < hi/q |
| V₅ = C_B + C_S − v_min·G | B + S − v_min | enough volume |

V₆..V₈ are the identity, to fill a power of two.
"""

from __future__ import annotations

from dataclasses import dataclass

from .attestation import Attestation, check_statement, start_transcript
from .curve import Point
from .generators import value_generator
from .header import THRESHOLD, Header
from .msm import msm
from .rangeproof import RangeProof, check_range_proof, check_size, read_range_proof
from .reader import Reader
from .transcript import BAND_TAG
from .verdict import require

_BITS = 64
_VALUES = 8


@dataclass(frozen=True, slots=True)
class Band:
    """Which band, and the proof."""

    statement: bytes
    index: int
    proof: RangeProof


def decode_band(body: bytes) -> Band:
    """The band proof of an object's body; raises MalformedError."""
    reader = Reader(body, "band")
    band = Band(reader.take(32, "statement_digest"), reader.uint(1, "index"), read_range_proof(reader))
    reader.end()
    return band


def band_commitments(header: Header, attestation: Attestation, index: int) -> list[Point]:
    """V₁ … V₈ for band `index`."""
    q, low, high = header.q, header.edges[index], header.edges[index + 1]
    buys, sells, unit = attestation.buys, attestation.sells, value_generator()
    above_low = msm([(q - low, buys), (-(q + low), sells)])
    below_high = msm([(q + high, sells), (-(q - high), buys), (-1, unit)])
    volume = msm([(1, buys), (1, sells), (-header.v_min, unit)])
    return [buys, sells, above_low, below_high, volume, None, None, None]


def check_band(header: Header, attestation: Attestation, band: Band) -> None:
    """Raise InvalidError unless the attested totals are shown to lie in the band."""
    check_statement(band.statement, attestation)
    require(header.mode == THRESHOLD, "mode-mismatch", "a band in open mode")
    require(band.index + 1 < len(header.edges), "band-index", f"there is no band {band.index}")
    check_size(band.proof, _BITS * _VALUES)
    low, high = header.edges[band.index], header.edges[band.index + 1]
    limits = low.to_bytes(2, "big", signed=True) + high.to_bytes(2, "big", signed=True)
    transcript = start_transcript(BAND_TAG, header, attestation, _BITS * _VALUES)
    terms = bytes([band.index]) + limits + header.q.to_bytes(2, "big") + header.v_min.to_bytes(8, "big")
    transcript.append("band", terms)
    check_range_proof(transcript, band.proof, _BITS, band_commitments(header, attestation, band.index))
