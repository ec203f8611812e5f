"""The link: the totals' commitments hold the sums of the leaves' commitments.

    PoK{(d_b, d_s):  C_B - Sum_b = d_b H  and  C_S - Sum_s = d_s H}

Had C_B and Sum_b different values, their difference would have a part along G, and nobody
can express that along H alone. Two Schnorr proofs under one challenge. The object also opens
the root to the tree's top hash and sums, which receipts and audits start from.
"""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.codec import Framed, Raw
from equipoise.proofs.digest import ZERO32
from equipoise.proofs.elements import FieldScalar, GroupElement
from equipoise.proofs.errors import Invalid
from equipoise.proofs.group import ORDER, H, Point, msm, tables
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangeproof import Challenger
from equipoise.proofs.statements import Subject
from equipoise.proofs.tree import Node, window_root
from equipoise.proofs.window import Closed

TAG = b"LINK"


@dataclass(frozen=True)
class Link(Framed):
    """SPEC.md, section 8; 320 bytes."""

    statement: bytes
    top_hash: bytes
    sum_b: Point
    sum_s: Point
    t_b: Point
    t_s: Point
    z_b: int
    z_s: int

    TYPE = 3
    LIMIT = 320
    FIELDS = (
        ("statement", Raw(32)),
        ("top_hash", Raw(32)),
        ("sum_b", GroupElement(identity=True)),
        ("sum_s", GroupElement(identity=True)),
        ("t_b", GroupElement()),
        ("t_s", GroupElement()),
        ("z_b", FieldScalar()),
        ("z_s", FieldScalar()),
    )

    @property
    def top(self) -> Node:
        """The top tree's root."""
        return Node(self.top_hash, self.sum_b.raw, self.sum_s.raw)


def _challenge(transcript: Challenger, sums: tuple[Point, Point], nonces: tuple[Point, Point]) -> int:
    transcript.append(b"sum_b", sums[0].data)
    transcript.append(b"sum_s", sums[1].data)
    transcript.append(b"T_b", nonces[0].data)
    transcript.append(b"T_s", nonces[1].data)
    return transcript.challenge(b"c")


def prove_link(closed: Closed, nonces: Nonces) -> Link:
    """Link a closed window's totals to its leaves."""
    subject = Subject(closed.header, closed.t0)
    d_b = (closed.r_b - sum(leaf.r_b for leaf in closed.leaves)) % ORDER
    d_s = (closed.r_s - sum(leaf.r_s for leaf in closed.leaves)) % ORDER
    k_b, k_s = nonces.next(), nonces.next()
    of_h = tables()[1]
    t_b, t_s = Point(of_h.times(k_b)), Point(of_h.times(k_s))
    sums = Point(closed.top.c_b), Point(closed.top.c_s)
    c = _challenge(subject.transcript(TAG, 0), sums, (t_b, t_s))
    return Link(closed.t0.digest, closed.top.hash, *sums, t_b, t_s, (k_b + c * d_b) % ORDER, (k_s + c * d_s) % ORDER)


def check_link(subject: Subject, link: Link) -> None:
    """Raises Invalid: statement-mismatch, root-mismatch, challenge-zero, link-equation."""
    subject.refers(link.statement, "link")
    check_root(subject, link)
    check_link_equations(subject, link, subject.transcript(TAG, 0))


def check_root(subject: Subject, link: Link) -> None:
    """Check that the link opens the attested root."""
    empty = subject.header.leaves == 0
    if link.sum_b.is_identity() != empty or link.sum_s.is_identity() != empty:
        raise Invalid("root-mismatch", "link.sums", "the identity exactly when there are no leaves")
    if empty and link.top_hash != ZERO32:
        raise Invalid("root-mismatch", "link.top_hash", "zeros when there are no leaves")
    if window_root(subject.header.leaves, link.top) != subject.t0.root:
        raise Invalid("root-mismatch", "link")


def check_link_equations(subject: Subject, link: Link, transcript: Challenger) -> None:
    """The two Schnorr equations, each by itself."""
    c = _challenge(transcript, (link.sum_b, link.sum_s), (link.t_b, link.t_s))
    for name, z, t, total, part in (
        ("buys", link.z_b, link.t_b, subject.t0.c_b, link.sum_b),
        ("sells", link.z_s, link.t_s, subject.t0.c_s, link.sum_s),
    ):
        difference = (total - part).raw
        if msm([H, difference], [z, (-c) % ORDER]) != t.raw:
            raise Invalid("link-equation", f"link.{name}")
