"""The Merkle-sum tree: RFC 6962's shape, nodes that carry the sums of what is below them.

A node is (hash, C_b, C_s). A parent's hash covers *both* children whole, commitments
included, and its commitments are the children's sums. (Hashing only the parent's sum is the
known flaw of the first published trees of this kind: one child could then lie.)

Leaves are appended as orders arrive; a `Growing` tree keeps one complete subtree per set bit
of its size, so an append costs one merge on average and the root is a few merges away. Each
partition has a tree of its own, since offsets rise within a partition only; their roots are
the leaves of the top tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.digest import ZERO32, u16, u32
from equipoise.proofs.group import IDENTITY


@dataclass(frozen=True, slots=True)
class Node:
    """A subtree: its hash and the commitments to its buys and sells."""

    hash: bytes
    c_b: G1Point
    c_s: G1Point
    data: bytes = b""

    def encoded(self) -> bytes:
        """Hash and both commitments, compressed: 128 bytes."""
        return self.data or self.hash + self.c_b.to_compressed_bytes() + self.c_s.to_compressed_bytes()


def leaf_node(key: bytes, tag: bytes, c_b: G1Point, c_s: G1Point) -> Node:
    """The node of one leaf."""
    points = c_b.to_compressed_bytes() + c_s.to_compressed_bytes()
    digest = sha256(b"\x00" + key + tag + points).digest()
    return Node(digest, c_b, c_s, digest + points)


def _merge(prefix: bytes, left: Node, right: Node) -> Node:
    digest = sha256(prefix + left.encoded() + right.encoded()).digest()
    c_b, c_s = left.c_b + right.c_b, left.c_s + right.c_s
    return Node(digest, c_b, c_s, digest + c_b.to_compressed_bytes() + c_s.to_compressed_bytes())


def merge(left: Node, right: Node) -> Node:
    """The parent of two nodes of one partition's tree."""
    return _merge(b"\x01", left, right)


def merge_top(left: Node, right: Node) -> Node:
    """The parent of two nodes of the top tree."""
    return _merge(b"\x03", left, right)


def wrap(index: int, leaves: int, root: Node) -> Node:
    """A partition tree's root as a leaf of the top tree."""
    digest = sha256(b"\x02" + u16(index) + u32(leaves) + root.hash).digest()
    return Node(digest, root.c_b, root.c_s, digest + root.data[32:] if root.data else b"")


def window_root(leaves: int, top: Node) -> bytes:
    """The 32 bytes that the attestation carries."""
    return sha256(b"\x04" + u32(leaves) + top.encoded()).digest()


EMPTY = Node(ZERO32, IDENTITY, IDENTITY)

T = TypeVar("T")


class Growing(Generic[T]):
    """A tree that only grows at its right end, over any nodes and any way to merge them."""

    def __init__(self, join: Callable[[T, T], T]) -> None:
        self._join = join
        self._peaks: list[tuple[int, T]] = []
        self.size = 0

    def append(self, node: T) -> None:
        """Add a leaf: amortised one merge."""
        self.size += 1
        span = 1
        while self._peaks and self._peaks[-1][0] == span:
            node = self._join(self._peaks.pop()[1], node)
            span *= 2
        self._peaks.append((span, node))

    def root(self) -> T:
        """The root over what is there (at least one leaf)."""
        peaks = self._peaks[::-1]
        node = peaks[0][1]
        for _, left in peaks[1:]:
            node = self._join(left, node)
        return node


def root_of(nodes: Sequence[T], join: Callable[[T, T], T]) -> T:
    """The root of at least one node."""
    tree = Growing(join)
    for node in nodes:
        tree.append(node)
    return tree.root()


def top_of(trees: Sequence[Sequence[Node]]) -> Node:
    """The root of the top tree over the given trees (EMPTY when there are none)."""
    roots = [wrap(i, len(leaves), root_of(leaves, merge)) for i, leaves in enumerate(trees)]
    return root_of(roots, merge_top) if roots else EMPTY


def split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def path_of(nodes: Sequence[T], index: int, join: Callable[[T, T], T]) -> list[T]:
    """The siblings of leaf ``index``, from the leaf upwards."""
    if len(nodes) == 1:
        return []
    half = split(len(nodes))
    near, far = (nodes[:half], nodes[half:]) if index < half else (nodes[half:], nodes[:half])
    return [*path_of(near, index % half if index < half else index - half, join), root_of(far, join)]


def sides(index: int, size: int) -> list[bool]:
    """For each step from the leaf upwards: is the sibling on the right?"""
    found: list[bool] = []
    while size > 1:
        half = split(size)
        found.append(index < half)
        index, size = (index, half) if index < half else (index - half, size - half)
    return found[::-1]


def climb(node: T, siblings: Sequence[T], right: Sequence[bool], join: Callable[[T, T], T]) -> T:
    """The root that a leaf and its siblings lead to."""
    for sibling, is_right in zip(siblings, right, strict=True):
        node = join(node, sibling) if is_right else join(sibling, node)
    return node
