"""The link, type 3: the attested totals hold the same values as the sums of the leaves (SPEC section 8).

Statement: the prover knows δ_b and δ_s with C_B − Σ_b = δ_b·H and C_S − Σ_s = δ_s·H, so that each pair differs in
nothing but its blinding. Two Schnorr proofs under one challenge; each equation is checked by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from .attestation import Attestation, check_statement, start_transcript
from .curve import Point, add, neg
from .generators import blinding_generator
from .header import Header
from .merkle import Node, attested_root
from .msm import msm
from .reader import Reader
from .transcript import LINK_TAG
from .verdict import require


@dataclass(frozen=True, slots=True)
class Link:
    """The tree's top with its sums, and the proof."""

    statement: bytes
    top: Node
    t_buys: Point
    t_sells: Point
    z_buys: int
    z_sells: int


def decode_link(body: bytes) -> Link:
    """The link of an object's body; raises MalformedError."""
    reader = Reader(body, "link")
    statement = reader.take(32, "statement_digest")
    top_hash = reader.take(32, "top_hash")
    sum_buys = reader.point("sum_b", identity_allowed=True)
    sum_sells = reader.point("sum_s", identity_allowed=True)
    link = Link(
        statement=statement,
        top=Node(top_hash, sum_buys, sum_sells),
        t_buys=reader.point("T_b"),
        t_sells=reader.point("T_s"),
        z_buys=reader.scalar("z_b"),
        z_sells=reader.scalar("z_s"),
    )
    reader.end()
    return link


def check_link(header: Header, attestation: Attestation, link: Link) -> None:
    """Raise InvalidError unless the link holds for the attestation, which was checked before."""
    check_statement(link.statement, attestation)
    _check_top(header.leaf_count, link.top, attestation.root)
    transcript = start_transcript(LINK_TAG, header, attestation, 0)
    transcript.append_point("sum_b", link.top.buys)
    transcript.append_point("sum_s", link.top.sells)
    transcript.append_point("T_b", link.t_buys)
    transcript.append_point("T_s", link.t_sells)
    c = transcript.challenge("c")
    sides = (
        ("buys", attestation.buys, link.top.buys, link.t_buys, link.z_buys),
        ("sells", attestation.sells, link.top.sells, link.t_sells, link.z_sells),
    )
    for name, total, leaves, t, z in sides:
        difference = add(total, neg(leaves))
        residue = msm([(z, blinding_generator()), (-1, t), (-c, difference)])
        require(residue is None, "link-equation", f"{name}: the total is not the sum of the leaves")


def _check_top(count: int, top: Node, root: bytes) -> None:
    for point in (top.buys, top.sells):
        require((point is None) == (count == 0), "root-mismatch", "a sum is the identity exactly without leaves")
    require(count > 0 or top.hash == bytes(32), "root-mismatch", "a top hash without leaves")
    require(attested_root(count, top) == root, "root-mismatch", "the link's top is not under the attested root")
