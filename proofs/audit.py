"""T3, the audit bundle: every leaf's commitments, for anyone to sum again.

The auditor learns how many leaves there are, their offsets and their order, and nothing of
what they hold. 144 bytes a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from equipoise.proofs.codec import Framed, Nested, Raw, Struct
from equipoise.proofs.elements import GroupElement, ManyPoints
from equipoise.proofs.errors import Invalid
from equipoise.proofs.group import Point
from equipoise.proofs.header import MAX_LEAVES
from equipoise.proofs.link import Link
from equipoise.proofs.receipt import check_key
from equipoise.proofs.statements import Subject
from equipoise.proofs.tree import Node, leaf_node, top_of
from equipoise.proofs.window import Closed


@dataclass(frozen=True)
class AuditLeaf(Struct):
    """One leaf as an auditor sees it."""

    key: bytes
    tag: bytes
    c_b: Point
    c_s: Point

    FIELDS = (("key", Raw(16)), ("tag", Raw(32)), ("c_b", GroupElement()), ("c_s", GroupElement()))

    @property
    def node(self) -> Node:
        """The leaf's node."""
        return leaf_node(self.key, self.tag, self.c_b.raw, self.c_s.raw)


@dataclass(frozen=True)
class Audit(Framed):
    """SPEC.md, section 12."""

    statement: bytes
    leaves: tuple[AuditLeaf, ...] = field(repr=False)

    TYPE = 7
    LIMIT = 150_994_980
    FIELDS = (("statement", Raw(32)), ("leaves", ManyPoints(4, Nested(AuditLeaf), 0, MAX_LEAVES)))


def make_audit(closed: Closed) -> Audit:
    """All leaves of a closed window."""
    leaves = [AuditLeaf(x.key, x.tag, Point(x.node.c_b), Point(x.node.c_s)) for x in closed.leaves]
    return Audit(closed.t0.digest, tuple(leaves))


def check_audit(subject: Subject, link: Link, audit: Audit) -> None:
    """Sum everything again, against a checked attestation and link.

    Raises Invalid: statement-mismatch, leaf-count, leaf-order, leaf-key, root-mismatch.
    """
    subject.refers(audit.statement, "audit")
    if len(audit.leaves) != subject.header.leaves:
        raise Invalid("leaf-count", "audit.leaves", f"{len(audit.leaves)}, the header says {subject.header.leaves}")
    trees: list[list[Node]] = []
    start = 0
    for tree, size in enumerate(subject.header.trees):
        trees.append(_check_tree(subject, tree, audit.leaves[start : start + size]))
        start += size
    top = top_of(trees)
    if top.hash != link.top_hash or top.c_b != link.sum_b.raw or top.c_s != link.sum_s.raw:
        raise Invalid("root-mismatch", "audit.leaves")


def _check_tree(subject: Subject, tree: int, leaves: tuple[AuditLeaf, ...]) -> list[Node]:
    newest = b""
    for leaf in leaves:
        if leaf.key <= newest:
            raise Invalid("leaf-order", "audit.leaves", f"tree {tree}: keys must rise strictly")
        newest = leaf.key
        check_key(subject.header, tree, leaf.key, leaf.tag, "audit.leaves")
    return [leaf.node for leaf in leaves]
