"""The receipt, type 6 (tier T2): one leaf is counted, and nothing beside it is negative (SPEC section 11).

The leaf is opened (values, blindings, content), its Merkle-sum path is climbed to the link's top, and a range proof
shows that every sibling on the way holds sums in range, so that no hidden negative leaf can cancel this one.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import ed25519
from .attestation import Attestation, check_statement, start_transcript
from .curve import Point
from .header import Header, Tree
from .leaves import Order, decode_content, key_fits, leaf_tag, order_message
from .link import Link
from .merkle import TOP, TREE, Node, climb, leaf_node, path_sides, wrap
from .opening import commit
from .rangeproof import RangeProof, check_range_proof, check_size, read_range_proof
from .reader import Reader
from .transcript import RECEIPT_TAG
from .verdict import require

_MOST_SIBLINGS = 26


@dataclass(frozen=True, slots=True)
class Receipt:
    """An opened leaf, its siblings from the leaf upwards, and the proof about them."""

    statement: bytes
    tree: int
    index: int
    key: bytes
    salt: bytes
    buys: int
    sells: int
    buys_blinding: int
    sells_blinding: int
    content: bytes
    siblings: tuple[Node, ...]
    proof: RangeProof | None


def decode_receipt(body: bytes) -> Receipt:
    """The receipt of an object's body; its content is decoded with the checks. Raises MalformedError."""
    reader = Reader(body, "receipt")
    receipt = Receipt(
        statement=reader.take(32, "statement_digest"),
        tree=reader.uint(2, "tree"),
        index=reader.uint(4, "index"),
        key=reader.take(16, "key"),
        salt=reader.take(32, "salt"),
        buys=reader.uint(8, "b"),
        sells=reader.uint(8, "s"),
        buys_blinding=reader.scalar("r_b"),
        sells_blinding=reader.scalar("r_s"),
        content=reader.take(reader.uint(2, "content"), "content"),
        siblings=_read_siblings(reader),
        proof=read_range_proof(reader) if reader.uint(1, "present", high=1) else None,
    )
    reader.end()
    return receipt


def _read_siblings(reader: Reader) -> tuple[Node, ...]:
    count = reader.uint(1, "siblings", high=_MOST_SIBLINGS)
    return tuple(_read_sibling(reader, f"siblings[{i}]") for i in range(count))


def _read_sibling(reader: Reader, name: str) -> Node:
    return Node(reader.take(32, f"{name}.hash"), reader.point(f"{name}.C_b"), reader.point(f"{name}.C_s"))


def check_receipt(header: Header, attestation: Attestation, link: Link, receipt: Receipt) -> None:
    """Raise InvalidError unless the leaf is counted; header, attestation and link were checked before."""
    check_statement(receipt.statement, attestation)
    trees = header.trees
    require(receipt.tree < len(trees), "leaf-index", f"there is no tree {receipt.tree}")
    tree = trees[receipt.tree]
    require(receipt.index < tree.size, "leaf-index", f"there is no leaf {receipt.index} in a tree of {tree.size}")
    width = min(header.range_bits, 52)
    require(max(receipt.buys, receipt.sells) < 1 << width, "value-width", f"a value needs more than {width} bits")
    order = decode_content(receipt.content, header.leaf_mode)
    tag = leaf_tag(receipt.salt, receipt.content)
    require(key_fits(tree, receipt.key, tag), "leaf-key", "the key is not one of this tree")
    inside, above = path_sides(receipt.index, tree.size), path_sides(receipt.tree, len(trees))
    expected = len(inside) + len(above)
    require(len(receipt.siblings) == expected, "path-length", f"{len(receipt.siblings)} siblings, not {expected}")
    _check_gateway(header, tree, receipt, order)
    leaf = _check_path(receipt, tree, tag, link.top, inside, above)
    _check_siblings(header, attestation, receipt, leaf)


def _check_gateway(header: Header, tree: Tree, receipt: Receipt, order: Order | None) -> None:
    if header.gateway == bytes(32) or tree.lane is None or order is None:
        return
    require(order.signature is not None, "gateway-signature", "the gateway signed nothing")
    message = order_message(header, tree.lane, receipt.key, (receipt.buys, receipt.sells), order)
    signed = ed25519.verify(header.gateway, message, order.signature or b"")
    require(signed, "gateway-signature", "not signed by the gateway")


def _check_path(receipt: Receipt, tree: Tree, tag: bytes, top: Node, inside: list[bool], above: list[bool]) -> Node:
    buys = commit(receipt.buys, receipt.buys_blinding)
    sells = commit(receipt.sells, receipt.sells_blinding)
    require(buys is not None and sells is not None, "root-mismatch", "a commitment of the leaf is the identity")
    leaf = leaf_node(receipt.key, tag, buys, sells)
    siblings = list(receipt.siblings)
    root = climb(TREE, leaf, siblings[: len(inside)], inside)
    reached = climb(TOP, wrap(receipt.tree, tree.size, root), siblings[len(inside) :], above)
    require(reached == top, "root-mismatch", "the path does not lead to the link's top")
    return leaf


def _check_siblings(header: Header, attestation: Attestation, receipt: Receipt, leaf: Node) -> None:
    require((receipt.proof is not None) == bool(receipt.siblings), "proof-size", "a proof exactly with siblings")
    if receipt.proof is None:
        return
    values: list[Point] = [point for node in receipt.siblings for point in (node.buys, node.sells)]
    values += [None] * ((1 << (len(values) - 1).bit_length()) - len(values))
    size = header.range_bits * len(values)
    check_size(receipt.proof, size)
    transcript = start_transcript(RECEIPT_TAG, header, attestation, size)
    place = receipt.tree.to_bytes(2, "big") + receipt.index.to_bytes(4, "big")
    transcript.append("leaf", place + leaf.hash)
    check_range_proof(transcript, receipt.proof, header.range_bits, values)
