"""What a leaf says: its content, tag and key (SPEC section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from .hashing import digest, vec8, vec16
from .header import PER_ORDER, Header, Lane, Tree
from .reader import Reader
from .verdict import InvalidError, MalformedError


@dataclass(frozen=True, slots=True)
class Order:
    """The content of a leaf per order."""

    participant: bytes
    order_id: bytes
    event_time_ns: int
    signature: bytes | None


def decode_content(content: bytes, leaf_mode: int) -> Order | None:
    """The order that a leaf's content tells, or None for a well-formed leaf per trader; raises InvalidError content."""
    try:
        if leaf_mode == PER_ORDER:
            return _read_order(content)
        _read_trader(content)
    except MalformedError as fault:
        raise InvalidError("content", str(fault)) from fault
    return None


def _read_order(content: bytes) -> Order:
    reader = Reader(content, "content")
    participant = reader.text("participant", shortest=0)
    order_id = reader.text("order_id", shortest=0)
    event_time_ns = reader.uint(8, "event_time_ns")
    signed = reader.uint(1, "signed", high=1)
    signature = reader.take(64, "signature") if signed else None
    reader.end()
    return Order(participant, order_id, event_time_ns, signature)


def _read_trader(content: bytes) -> None:
    reader = Reader(content, "content")
    reader.text("participant", shortest=0)
    reader.uint(4, "orders")
    reader.end()


def leaf_tag(salt: bytes, content: bytes) -> bytes:
    """The tag that hides the content in its leaf."""
    return digest(b"equipoise/v1/tag", salt + vec16(content))


def key_fits(tree: Tree, key: bytes, tag: bytes) -> bool:
    """Whether a leaf of `tree` may have this key."""
    if tree.lane is None:
        return key == tag[:16]
    offset = int.from_bytes(key[:8], "big")
    return key[12:] == bytes(4) and tree.lane.first <= offset <= tree.lane.last


def order_message(header: Header, lane: Lane, key: bytes, quantities: tuple[int, int], order: Order) -> bytes:
    """What a gateway signs about an order of (buys, sells) lots."""
    buys, sells = quantities
    place = lane.topic_id + lane.partition.to_bytes(4, "big") + key
    stream = vec8(header.stream) + vec8(header.instrument)
    lots = buys.to_bytes(8, "big") + sells.to_bytes(8, "big")
    who = vec8(order.participant) + vec8(order.order_id) + order.event_time_ns.to_bytes(8, "big")
    return vec8(b"equipoise/v1/sign/order") + stream + place + lots + who
