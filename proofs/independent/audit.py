"""The audit, type 7 (tier T3): every leaf's commitments, re-hashed and re-summed by anyone (SPEC section 12)."""

from __future__ import annotations

from dataclasses import dataclass

from .attestation import Attestation, check_statement
from .header import MOST_LEAVES, Header, Tree
from .leaves import key_fits
from .link import Link
from .merkle import Node, leaf_node, top_node
from .reader import Reader
from .verdict import require


@dataclass(frozen=True, slots=True)
class AuditLeaf:
    """A leaf as published: its values stay hidden."""

    key: bytes
    tag: bytes
    node: Node


@dataclass(frozen=True, slots=True)
class Audit:
    """The leaves of all trees, one tree after another."""

    statement: bytes
    leaves: tuple[AuditLeaf, ...]


def decode_audit(body: bytes) -> Audit:
    """The audit of an object's body; raises MalformedError."""
    reader = Reader(body, "audit")
    statement = reader.take(32, "statement_digest")
    count = reader.uint(4, "leaves", high=MOST_LEAVES)
    leaves = tuple(_read_leaf(reader, f"leaves[{i}]") for i in range(count))
    reader.end()
    return Audit(statement, leaves)


def _read_leaf(reader: Reader, name: str) -> AuditLeaf:
    key, tag = reader.take(16, f"{name}.key"), reader.take(32, f"{name}.tag")
    return AuditLeaf(key, tag, leaf_node(key, tag, reader.point(f"{name}.C_b"), reader.point(f"{name}.C_s")))


def check_audit(header: Header, attestation: Attestation, link: Link, audit: Audit) -> None:
    """Raise InvalidError unless the leaves are exactly those under the attested root."""
    check_statement(audit.statement, attestation)
    count = header.leaf_count
    require(len(audit.leaves) == count, "leaf-count", f"{len(audit.leaves)} leaves, not {count}")
    start = 0
    trees = []
    for tree in header.trees:
        leaves = audit.leaves[start : start + tree.size]
        _check_keys(tree, leaves, start)
        trees.append([leaf.node for leaf in leaves])
        start += tree.size
    require(top_node(trees) == link.top, "root-mismatch", "the leaves do not give the link's top and sums")


def _check_keys(tree: Tree, leaves: tuple[AuditLeaf, ...], start: int) -> None:
    before = b""
    for i, leaf in enumerate(leaves, start):
        require(before < leaf.key, "leaf-order", f"leaves[{i}] is not after the one before it")
        require(key_fits(tree, leaf.key, leaf.tag), "leaf-key", f"leaves[{i}]: the key is not one of its tree")
        before = leaf.key
