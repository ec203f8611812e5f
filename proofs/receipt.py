"""T2, a receipt: this order is counted, and nothing negative on its path offsets it.

Opened: the order's leaf, and the path from it to the root. That alone is not enough: a leaf
that commits to -5 elsewhere would take the order's lots away again while everything still
adds up. So the siblings' commitments are shown to hold values in [0, 2**range_bits), by one
aggregated range proof. If every holder of a receipt checks theirs, the totals are at least
the sum of all their orders.

The range is 32 bits by default: 14 levels are 28 commitments, 32 x 32 bits, half of what 64
bits would cost to check. A window whose subtrees grow beyond 2**32 lots needs range_bits 64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from equipoise.proofs.attestation import signature_holds
from equipoise.proofs.codec import Blob, Framed, Many, Nested, Optional, Raw, Struct, Uint
from equipoise.proofs.digest import u16, u32
from equipoise.proofs.elements import FieldScalar, GroupElement
from equipoise.proofs.errors import Invalid, LimitExceeded, Malformed
from equipoise.proofs.group import IDENTITY, ORDER, Point, recommit
from equipoise.proofs.header import PER_TRADER, Header
from equipoise.proofs.link import Link
from equipoise.proofs.orders import (
    Leaf,
    Order,
    OrderContent,
    TraderContent,
    decode_content,
    leaf_tag,
    signed_by_gateway,
)
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangecheck import check_range
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.rangeproof import Challenger, RangeProof
from equipoise.proofs.statements import Subject
from equipoise.proofs.tree import Node, climb, leaf_node, merge, merge_top, path_of, root_of, sides, split, wrap
from equipoise.proofs.window import Closed

TAG = b"RECEIPT"
MAX_PATH = 26
T = TypeVar("T")


@dataclass(frozen=True)
class Sibling(Struct):
    """A node beside the path."""

    hash: bytes
    c_b: Point
    c_s: Point

    FIELDS = (("hash", Raw(32)), ("c_b", GroupElement()), ("c_s", GroupElement()))

    @property
    def node(self) -> Node:
        """As a node of the tree."""
        return Node(self.hash, self.c_b.raw, self.c_s.raw)


@dataclass(frozen=True)
class Receipt(Framed):
    """SPEC.md, section 11. It opens one leaf: it is for the trader alone."""

    statement: bytes
    tree: int
    index: int
    key: bytes
    salt: bytes = field(repr=False)
    buy: int = field(repr=False)
    sell: int = field(repr=False)
    r_b: int = field(repr=False)
    r_s: int = field(repr=False)
    content: bytes = field(repr=False)
    path: tuple[Sibling, ...] = field(repr=False)
    proof: RangeProof | None = field(repr=False)

    TYPE = 6
    LIMIT = 8192
    FIELDS = (
        ("statement", Raw(32)),
        ("tree", Uint(2)),
        ("index", Uint(4)),
        ("key", Raw(16)),
        ("salt", Raw(32)),
        ("buy", Uint(8)),
        ("sell", Uint(8)),
        ("r_b", FieldScalar()),
        ("r_s", FieldScalar()),
        ("content", Blob()),
        ("path", Many(1, Nested(Sibling), 0, MAX_PATH)),
        ("proof", Optional(Nested(RangeProof))),
    )


def padded(count: int) -> int:
    """The power of two at or above ``count``."""
    return 1 << (count - 1).bit_length() if count else 0


def _transcript(subject: Subject, tree: int, index: int, leaf_hash: bytes, siblings: int) -> Challenger:
    transcript = subject.transcript(TAG, padded(2 * siblings) * subject.header.range_bits)
    transcript.append(b"leaf", u16(tree) + u32(index) + leaf_hash)
    return transcript


# --- making -------------------------------------------------------------------------------


def prove_receipt(closed: Closed, tree: int, index: int, nonces: Nonces) -> Receipt:
    """Make the receipt of one leaf; LimitExceeded if it does not exist or a sibling is too wide."""
    if not (0 <= tree < len(closed.trees) and 0 <= index < len(closed.trees[tree])):
        raise LimitExceeded(f"leaf {index} of tree {tree}: not in this window")
    leaves = closed.trees[tree]
    leaf = leaves[index]
    nodes = path_of([x.node for x in leaves], index, merge)
    roots = [wrap(i, len(t), root_of([x.node for x in t], merge)) for i, t in enumerate(closed.trees)]
    nodes += path_of(roots, tree, merge_top)
    groups = [list(group) for group in _groups_beside(leaves, index)]
    groups += [[x for t in part for x in t] for part in _groups_beside(closed.trees, tree)]
    openings = [pair for group in groups for pair in _sums(group)]
    path = tuple(Sibling(n.hash, Point(n.c_b), Point(n.c_s)) for n in nodes)
    proof = _prove_siblings(closed, (tree, index, leaf.node.hash), path, openings, nonces)
    return Receipt(
        closed.t0.digest, tree, index, leaf.key, leaf.salt, leaf.buy, leaf.sell, leaf.r_b, leaf.r_s, leaf.content,
        path, proof,
    )  # fmt: skip


def _prove_siblings(
    closed: Closed,
    leaf: tuple[int, int, bytes],
    path: tuple[Sibling, ...],
    openings: list[tuple[int, int]],
    nonces: Nonces,
) -> RangeProof | None:
    if not path:
        return None
    values = _values(path)
    openings = openings + [(0, 0)] * (len(values) - len(openings))
    transcript = _transcript(Subject(closed.header, closed.t0), *leaf, len(path))
    return prove_range(transcript, openings, values, closed.header.range_bits, nonces)


def _groups_beside(items: tuple[T, ...], index: int) -> list[tuple[T, ...]]:
    """The items below each sibling, from the leaf upwards."""
    if len(items) == 1:
        return []
    half = split(len(items))
    if index < half:
        return [*_groups_beside(items[:half], index), items[half:]]
    return [*_groups_beside(items[half:], index - half), items[:half]]


def _sums(leaves: list[Leaf]) -> list[tuple[int, int]]:
    return [
        (sum(x.buy for x in leaves), sum(x.r_b for x in leaves) % ORDER),
        (sum(x.sell for x in leaves), sum(x.r_s for x in leaves) % ORDER),
    ]


# --- checking -----------------------------------------------------------------------------


def check_receipt(subject: Subject, link: Link, receipt: Receipt) -> OrderContent | TraderContent:
    """Check a receipt against a checked attestation and link; what the leaf says.

    Raises Invalid in the order of SPEC.md, section 11: statement-mismatch, leaf-index,
    value-width, content, leaf-key, path-length, gateway-signature, root-mismatch,
    proof-size, challenge-zero, range-equation.
    """
    header = subject.header
    subject.refers(receipt.statement, "receipt")
    if receipt.tree >= len(header.trees) or receipt.index >= header.trees[receipt.tree]:
        raise Invalid("leaf-index", "receipt.index")
    if max(receipt.buy, receipt.sell) >= 1 << min(header.range_bits, 52):
        raise Invalid("value-width", "receipt.buy")
    try:
        content = decode_content(header, receipt.content)
    except Malformed as fault:
        raise Invalid("content", "receipt.content", str(fault)) from None
    tag = leaf_tag(receipt.salt, receipt.content)
    check_key(header, receipt.tree, receipt.key, tag, "receipt.key")
    right = sides(receipt.index, header.trees[receipt.tree])
    top_right = sides(receipt.tree, len(header.trees))
    if len(receipt.path) != len(right) + len(top_right):
        raise Invalid("path-length", "receipt.path")
    if header.has_gateway and isinstance(content, OrderContent):
        _check_gateway(header, receipt, content)
    leaf = leaf_node(receipt.key, tag, recommit(receipt.buy, receipt.r_b), recommit(receipt.sell, receipt.r_s))
    _check_path(header, link, receipt, leaf, (right, top_right))
    _check_siblings(subject, receipt, leaf)
    return content


def check_key(header: Header, tree: int, key: bytes, tag: bytes, where: str) -> None:
    """Invalid leaf-key unless a leaf's key belongs where it stands."""
    if header.leaf_mode == PER_TRADER:
        fits = key == tag[:16]
    else:
        lane = header.tree_lanes[tree]
        fits = key[12:] == bytes(4) and lane.first <= int.from_bytes(key[:8], "big") <= lane.last
    if not fits:
        raise Invalid("leaf-key", where)


def _check_gateway(header: Header, receipt: Receipt, content: OrderContent) -> None:
    lane = header.tree_lanes[receipt.tree]
    offset, item = int.from_bytes(receipt.key[:8], "big"), int.from_bytes(receipt.key[8:12], "big")
    order = Order(
        lane.topic_id, lane.partition, offset, item, content.participant, content.order_id, content.event_time_ns,
        receipt.buy, receipt.sell, content.signature,
    )  # fmt: skip
    message = signed_by_gateway(header.stream, header.instrument, order)
    if content.signature is None or not signature_holds(header.gateway, content.signature, message):
        raise Invalid("gateway-signature", "receipt.content.signature")


def _check_path(header: Header, link: Link, receipt: Receipt, leaf: Node, right: tuple[list[bool], list[bool]]) -> None:
    below = [s.node for s in receipt.path[: len(right[0])]]
    above = [s.node for s in receipt.path[len(right[0]) :]]
    root = wrap(receipt.tree, header.trees[receipt.tree], climb(leaf, below, right[0], merge))
    top = climb(root, above, right[1], merge_top)
    known = top.hash == link.top_hash and top.c_b == link.sum_b.raw and top.c_s == link.sum_s.raw
    if not known or leaf.c_b == IDENTITY or leaf.c_s == IDENTITY:
        raise Invalid("root-mismatch", "receipt.path")


def _values(path: tuple[Sibling, ...]) -> list[Point]:
    values = [c for sibling in path for c in (sibling.c_b, sibling.c_s)]
    return values + [Point(IDENTITY)] * (padded(len(values)) - len(values))


def _check_siblings(subject: Subject, receipt: Receipt, leaf: Node) -> None:
    if (receipt.proof is None) != (not receipt.path):
        raise Invalid("proof-size", "receipt.proof", "present exactly when there are siblings")
    if receipt.proof is not None:
        transcript = _transcript(subject, receipt.tree, receipt.index, leaf.hash, len(receipt.path))
        check_range(transcript, receipt.proof, _values(receipt.path), subject.header.range_bits)
