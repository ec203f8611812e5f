"""An order as the proofs see it, what its leaf hides, and what a receipt opens.

    content = who, which order, when, and a gateway's signature if there is one
    tag     = H(salt, content)        hides the content, binds it
    leaf    = key, tag, Com(b; r_b), Com(s; r_s)

The tag is what makes a receipt *somebody's*: without it one leaf of the right size could be
shown to two traders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from equipoise.proofs.codec import Optional, Raw, Struct, Text, Uint
from equipoise.proofs.digest import tagged, u32, u64, vec8, vec16
from equipoise.proofs.group import commit
from equipoise.proofs.header import PER_TRADER, Header
from equipoise.proofs.prf import BlindingKey
from equipoise.proofs.tree import Node, leaf_node

NO_PLACE = bytes(36)
_TEXT = re.compile("[!-~]{0,64}")


@dataclass(frozen=True)
class OrderContent(Struct):
    """Leaf content when every order has a leaf."""

    participant: str
    order_id: str
    event_time_ns: int
    signature: bytes | None

    FIELDS = (
        ("participant", Text(0)),
        ("order_id", Text(0)),
        ("event_time_ns", Uint(8)),
        ("signature", Optional(Raw(64))),
    )


@dataclass(frozen=True)
class TraderContent(Struct):
    """Leaf content when every trader has one leaf."""

    participant: str
    orders: int

    FIELDS = (("participant", Text(0)), ("orders", Uint(4)))


@dataclass(frozen=True)
class Order(Struct):
    """One order to be counted: where it stands in the log, whose it is, and its lots.

    ``buy`` and ``sell`` are lots bought and sold (one of them is usually 0). ``signature`` is
    the ingest gateway's, over `signed_by_gateway`. The repr shows the place only.
    """

    topic_id: bytes
    partition: int
    offset: int
    item: int
    participant: str = field(repr=False)
    order_id: str = field(repr=False)
    event_time_ns: int = field(repr=False)
    buy: int = field(repr=False)
    sell: int = field(repr=False)
    signature: bytes | None = field(default=None, repr=False)

    FIELDS = (
        ("topic_id", Raw(16)),
        ("partition", Uint(4)),
        ("offset", Uint(8)),
        ("item", Uint(4)),
        ("participant", Text(0)),
        ("order_id", Text(0)),
        ("event_time_ns", Uint(8)),
        ("buy", Uint(8)),
        ("sell", Uint(8)),
        ("signature", Optional(Raw(64))),
    )

    @property
    def place(self) -> tuple[bytes, int]:
        """The lane: topic id and partition."""
        return self.topic_id, self.partition

    @property
    def key(self) -> bytes:
        """The leaf's key within its lane (16 bytes)."""
        return order_key(self.offset, self.item)

    def check_texts(self) -> None:
        """LimitExceeded where a name or a signature could not be written (`content` raises the same)."""
        if self.signature is not None or not (_TEXT.fullmatch(self.participant) and _TEXT.fullmatch(self.order_id)):
            _ = self.content

    @property
    def content(self) -> bytes:
        """The content's bytes, which the tag hides."""
        return OrderContent(self.participant, self.order_id, self.event_time_ns, self.signature).body()


def order_key(offset: int, item: int) -> bytes:
    """SPEC.md, section 5: the key of an order's leaf."""
    return u64(offset) + u32(item) + bytes(4)


def signed_by_gateway(stream: str, instrument: str, order: Order) -> bytes:
    """What an ingest gateway signs to vouch for one order of this stream (SPEC.md, section 5)."""
    text, short = Text(), Text(0)
    return (
        vec8(b"equipoise/v1/sign/order")
        + text.write(stream)
        + text.write(instrument)
        + order.topic_id
        + u32(order.partition)
        + order.key
        + u64(order.buy)
        + u64(order.sell)
        + short.write(order.participant)
        + short.write(order.order_id)
        + u64(order.event_time_ns)
    )


@dataclass(frozen=True)
class Leaf:
    """A leaf with everything that opens it; only its node is ever published."""

    key: bytes
    tag: bytes
    buy: int = field(repr=False)
    sell: int = field(repr=False)
    r_b: int = field(repr=False)
    r_s: int = field(repr=False)
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)
    node: Node = field(repr=False)


def leaf_tag(salt: bytes, content: bytes) -> bytes:
    """H(salt, content), 32 bytes."""
    return tagged(b"equipoise/v1/tag", salt + vec16(content))


def make_leaf(secret: BlindingKey, scope: bytes, order: Order) -> Leaf:
    """Commit to one order."""
    place = order.topic_id + u32(order.partition) + order.key
    return _make(secret, scope, b"\x00" + place, order.content, (order.buy, order.sell), order.key)


def make_trader_leaf(secret: BlindingKey, scope: bytes, content: TraderContent, buy: int, sell: int) -> Leaf:
    """Commit to all orders of one trader; the key is the tag's beginning, which hides who it is."""
    return _make(secret, scope, b"\x01" + NO_PLACE, content.body(), (buy, sell), b"")


def _make(secret: BlindingKey, scope: bytes, place: bytes, content: bytes, lots: tuple[int, int], key: bytes) -> Leaf:
    buy, sell = lots
    digest = tagged(b"equipoise/v1/content", place + u64(buy) + u64(sell) + vec16(content))
    seed = scope + digest
    r_b, r_s = secret.scalar(b"leaf", seed + b"\x00"), secret.scalar(b"leaf", seed + b"\x01")
    salt = secret.prf(b"salt", seed)[:32]
    tag = leaf_tag(salt, content)
    key = key or tag[:16]
    return Leaf(key, tag, buy, sell, r_b, r_s, salt, content, leaf_node(key, tag, commit(buy, r_b), commit(sell, r_s)))


def decode_content(header: Header, content: bytes) -> OrderContent | TraderContent:
    """Decode a leaf's content under the header's leaf mode; Malformed if it is not exact."""
    if header.leaf_mode == PER_TRADER:
        return TraderContent.from_body(content, "content")
    return OrderContent.from_body(content, "content")
