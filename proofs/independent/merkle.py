"""The Merkle-sum tree: nodes of a hash and two committed sums, in the shape of RFC 6962 (SPEC section 5).

A tree of n > 1 leaves splits at the largest power of two below n. Each tree's root is wrapped with its number and size;
the wrapped roots form a top tree of the same shape under another hash prefix; the attested root hashes the number of
leaves and the top. Sums go up with the hashes, so a root binds the totals as well as the leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from .curve import Point, add
from .encoding import encode_point

TREE: Final[bytes] = b"\x01"
TOP: Final[bytes] = b"\x03"


@dataclass(frozen=True, slots=True)
class Node:
    """A hash and the commitments to the buys and sells below it."""

    hash: bytes
    buys: Point
    sells: Point

    def encode(self) -> bytes:
        """128 bytes."""
        return self.hash + encode_point(self.buys) + encode_point(self.sells)


EMPTY: Final[Node] = Node(bytes(32), None, None)
"""Stands for the top of no trees at all."""


def leaf_node(key: bytes, tag: bytes, buys: Point, sells: Point) -> Node:
    """The node of one leaf."""
    return Node(sha256(b"\x00" + key + tag + encode_point(buys) + encode_point(sells)).digest(), buys, sells)


def join(prefix: bytes, left: Node, right: Node) -> Node:
    """The parent of two nodes; `prefix` is TREE or TOP."""
    hashed = sha256(prefix + left.encode() + right.encode()).digest()
    return Node(hashed, add(left.buys, right.buys), add(left.sells, right.sells))


def wrap(number: int, size: int, root: Node) -> Node:
    """A tree's root as a leaf of the top tree."""
    framed = b"\x02" + number.to_bytes(2, "big") + size.to_bytes(4, "big") + root.hash
    return Node(sha256(framed).digest(), root.buys, root.sells)


def attested_root(count: int, top: Node) -> bytes:
    """The root that is signed, over `count` leaves in all."""
    return sha256(b"\x04" + count.to_bytes(4, "big") + top.encode()).digest()


def split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(prefix: bytes, nodes: list[Node]) -> Node:
    """The root over a non-empty list of nodes."""
    if len(nodes) == 1:
        return nodes[0]
    half = split(len(nodes))
    return join(prefix, tree_root(prefix, nodes[:half]), tree_root(prefix, nodes[half:]))


def top_node(trees: list[list[Node]]) -> Node:
    """The top over the leaves of each tree; EMPTY where there is none."""
    if not trees:
        return EMPTY
    wrapped = [wrap(number, len(leaves), tree_root(TREE, leaves)) for number, leaves in enumerate(trees)]
    return tree_root(TOP, wrapped)


def path_sides(index: int, size: int) -> list[bool]:
    """For each sibling from the leaf upwards, whether it stands on the left."""
    sides = []
    while size > 1:
        half = split(size)
        on_left = index >= half
        sides.append(on_left)
        index, size = (index - half, size - half) if on_left else (index, half)
    return sides[::-1]


def climb(prefix: bytes, node: Node, siblings: list[Node], sides: list[bool]) -> Node:
    """The root that a node and its siblings, leaf upwards, give."""
    for sibling, on_left in zip(siblings, sides, strict=True):
        node = join(prefix, sibling, node) if on_left else join(prefix, node, sibling)
    return node
