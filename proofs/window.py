"""A window that is committed to while it is still open.

    add(order)   commits to the order at once: two commitments, one tree append
    close(...)   folds the trees, commits to the totals, signs: T0

so that what is left to do at the close is a fraction of a millisecond, and no leaf can be
chosen after the totals are known. Closing again, or after a crash, gives the same bytes,
because every blinding is a function of what it blinds (`prf`).

Above ``order_limit`` orders a core cannot commit to each; the leaves become one aggregate
per trader, made at the close, and the header says so. The switch depends on the count alone,
never on a clock, so a replay switches at the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from equipoise.proofs.attestation import Attestation, signature_holds
from equipoise.proofs.digest import ZERO32, u64
from equipoise.proofs.errors import LimitExceeded, Malformed, PolicyRefused, Refused, need
from equipoise.proofs.group import Point, commit
from equipoise.proofs.header import MAX_LEAVES, MAX_TIME, MAX_TOTAL, OPEN, PER_ORDER, PER_TRADER, VERSION, Header, Lane
from equipoise.proofs.orders import Leaf, Order, TraderContent, make_leaf, make_trader_leaf, signed_by_gateway
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prf import BlindingKey, scope
from equipoise.proofs.tree import EMPTY, Growing, Node, merge, merge_top, root_of, window_root, wrap


class Signer(Protocol):
    """Signs with Ed25519: a key in this process, or a hook to an HSM or a remote signer."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over ``message``."""


@dataclass(frozen=True)
class Terms:
    """Everything in a header that does not change from window to window."""

    stream: str
    instrument: str
    lot: str
    cluster: str
    mode: int = OPEN
    isolation: int = 1
    lateness_ns: int = 500_000_000
    idle_ns: int = 5_000_000_000
    config_hash: bytes = ZERO32
    policy: PrivacyPolicy = field(default_factory=PrivacyPolicy)
    gateway: bytes = ZERO32
    range_bits: int = 32
    order_limit: int = 200_000
    v_min: int = 0
    q: int = 0
    edges: tuple[int, ...] = ()

    def header(self, start: int, end: int, revision: int = 0) -> Header:
        """The header of a window that has no leaves yet; LimitExceeded if the terms contradict each other."""
        header = Header(
            VERSION,
            self.stream,
            self.instrument,
            self.lot,
            self.cluster,
            start,
            end,
            revision,
            PER_ORDER,
            self.mode,
            self.isolation,
            self.lateness_ns,
            self.idle_ns,
            self.config_hash,
            self.policy.min_traders,
            self.policy.dominance_ppm,
            self.gateway,
            self.range_bits,
            self.order_limit,
            self.v_min,
            self.q,
            self.edges,
            0,
            (),
        )
        try:
            return Header.from_body(header.body())  # the decoder judges every field
        except Malformed as fault:
            raise LimitExceeded(f"terms: {fault}") from None


@dataclass(frozen=True)
class Closed:
    """A closed window with all that opens it. Only ``header`` and ``t0`` are public."""

    header: Header
    t0: Attestation
    top: Node
    buys: int = field(repr=False)
    sells: int = field(repr=False)
    r_b: int = field(repr=False)
    r_s: int = field(repr=False)
    trees: tuple[tuple[Leaf, ...], ...] = field(repr=False)

    @property
    def leaves(self) -> list[Leaf]:
        """All leaves, tree after tree."""
        return [leaf for tree in self.trees for leaf in tree]


@dataclass
class _Lane:
    first: int
    last: int
    leaves: list[Leaf] = field(default_factory=list)
    tree: Growing[Node] = field(default_factory=lambda: Growing(merge))
    newest: bytes = b""


def _check_place(topic_id: bytes, partition: int) -> None:
    need("bytes of topic_id", len(topic_id), 16, 16)
    need("partition", partition, 0, (1 << 32) - 1)


class Window:
    """One window [start, end) of one stream, in ns; orders in, T0 out."""

    def __init__(self, terms: Terms, secret: BlindingKey, start: int, end: int, revision: int = 0) -> None:
        self.terms, self.start, self.end, self.revision = terms, start, end, revision
        self.orders: list[Order] = []
        self._secret = secret
        self._empty = terms.header(start, end, revision)
        self._scope = scope(self._empty.stream_id, start, end, revision)
        self._lanes: dict[tuple[bytes, int], _Lane] = {}
        self._totals: dict[str, tuple[int, int]] = {}
        self._counts: dict[str, int] = {}
        self._buys = self._sells = 0

    def __repr__(self) -> str:
        return f"Window({self.terms.instrument}, [{self.start}, {self.end}), revision {self.revision})"

    def add(self, order: Order) -> None:
        """Commit to one order.

        Orders of one partition must come with strictly rising (offset, item). Raises
        LimitExceeded naming the field, or Refused for a missing or wrong gateway signature;
        the window is then as it was before.
        """
        self._check(order)
        lane = self._lanes.get(order.place)
        if lane is None:
            need("lanes", len(self._lanes) + 1, 1, 64)
            lane = _Lane(order.offset, order.offset)
        leaf = make_leaf(self._secret, self._scope, order) if len(self.orders) < self.terms.order_limit else None
        if leaf is None:
            order.check_texts()  # making a leaf would have
        self._lanes[order.place] = lane  # nothing is refused from here on
        self.orders.append(order)
        lane.newest = order.key
        lane.first, lane.last = min(lane.first, order.offset), max(lane.last, order.offset)
        if leaf is not None:
            lane.leaves.append(leaf)
            lane.tree.append(leaf.node)
        elif len(self.orders) == self.terms.order_limit + 1:
            for used in self._lanes.values():
                used.leaves, used.tree = [], Growing(merge)
        buys, sells = self._totals.get(order.participant, (0, 0))
        self._totals[order.participant] = (buys + order.buy, sells + order.sell)
        self._counts[order.participant] = self._counts.get(order.participant, 0) + 1
        self._buys += order.buy
        self._sells += order.sell

    def _check(self, order: Order) -> None:
        widest = (1 << min(self.terms.range_bits, 52)) - 1
        need("buy", order.buy, 0, widest, secret=True)
        need("sell", order.sell, 0, widest, secret=True)
        # No subtree holds more than the window: within this bound a receipt can be made for every order.
        most, of = (widest, " (range_bits 64 allows more)") if self.terms.range_bits < 52 else (MAX_TOTAL, "")
        need(f"buys of the window{of}", self._buys + order.buy, 0, most, secret=True)
        need(f"sells of the window{of}", self._sells + order.sell, 0, most, secret=True)
        _check_place(order.topic_id, order.partition)
        need("offset", order.offset, 0, (1 << 64) - 1)
        need("item", order.item, 0, (1 << 32) - 1)
        need("event_time_ns", order.event_time_ns, 0, MAX_TIME)
        lane = self._lanes.get(order.place)
        if lane is not None and order.key <= lane.newest:
            raise LimitExceeded(f"offset {order.offset}, item {order.item}: not after the lane's last order")
        if self.terms.gateway != ZERO32:
            message = signed_by_gateway(self.terms.stream, self.terms.instrument, order)
            if order.signature is None or not signature_holds(self.terms.gateway, order.signature, message):
                raise Refused(f"offset {order.offset}: not signed by the ingest gateway")

    def cover(self, topic_id: bytes, partition: int, first: int, last: int) -> None:
        """Say which offsets the window was drawn from, where that is more than its orders; LimitExceeded."""
        _check_place(topic_id, partition)
        need("last", last, 0, (1 << 64) - 1)
        need("first", first, 0, last)
        need("lanes", len(self._lanes.keys() | {(topic_id, partition)}), 1, 64)
        lane = self._lanes.setdefault((topic_id, partition), _Lane(first, last))
        lane.first, lane.last = min(lane.first, first), max(lane.last, last)

    def participants(self) -> set[str]:
        """The distinct participants so far."""
        return set(self._totals)

    def totals(self) -> tuple[int, int]:
        """Buys and sells so far, in lots (secret in threshold mode)."""
        return self._buys, self._sells

    def close(self, sequence: int, previous: bytes, signer: Signer) -> Closed:
        """Sign the window under a sequence number: T0.

        Deterministic: the same orders, terms, sequence and previous give the same bytes.
        Raises PolicyRefused when the privacy policy forbids this window (merge it into the
        next: `Publisher.merge`), LimitExceeded where there are more traders than leaves may be.
        """
        self.terms.policy.check(self._totals, self.terms.gateway != ZERO32)
        if self._buys + self._sells < self.terms.v_min:  # it would have a statement that no band can follow
            raise PolicyRefused(f"total volume is below v_min = {self.terms.v_min}: merge into the next window")
        return self._sign(sequence, previous, signer)

    def _sign(self, sequence: int, previous: bytes, signer: Signer) -> Closed:
        trees, top, header = self._fold()
        root = window_root(header.leaves, top)
        seed = self._scope + u64(sequence) + root
        r_b = self._secret.scalar(b"total", seed + b"\x00")
        r_s = self._secret.scalar(b"total", seed + b"\x01")
        unsigned = Attestation(
            VERSION,
            self._empty.stream_id,
            sequence,
            header.digest,
            root,
            Point(commit(self._buys, r_b)),
            Point(commit(self._sells, r_s)),
            previous,
            signer.public,
            bytes(64),
        )
        t0 = replace(unsigned, signature=signer.sign(unsigned.signed_message))
        return Closed(header, t0, top, self._buys, self._sells, r_b, r_s, trees)

    def _fold(self) -> tuple[tuple[tuple[Leaf, ...], ...], Node, Header]:
        lanes = sorted(self._lanes.items())
        if len(self.orders) > self.terms.order_limit:
            leaves = self._trader_leaves()
            top = wrap(0, len(leaves), root_of([leaf.node for leaf in leaves], merge))
            ranges = tuple(Lane(place[0], place[1], x.first, x.last, 0) for place, x in lanes)
            return (leaves,), top, replace(self._empty, leaf_mode=PER_TRADER, trader_leaves=len(leaves), lanes=ranges)
        used = [lane for _, lane in lanes if lane.leaves]
        roots = [wrap(i, lane.tree.size, lane.tree.root()) for i, lane in enumerate(used)]
        top = root_of(roots, merge_top) if roots else EMPTY
        ranges = tuple(Lane(place[0], place[1], x.first, x.last, len(x.leaves)) for place, x in lanes)
        return tuple(tuple(lane.leaves) for lane in used), top, replace(self._empty, lanes=ranges)

    def _trader_leaves(self) -> tuple[Leaf, ...]:
        need("traders", len(self._totals), 0, MAX_LEAVES)
        leaves = [
            make_trader_leaf(self._secret, self._scope, TraderContent(name, self._counts[name]), *self._totals[name])
            for name in sorted(self._totals)
        ]
        return tuple(sorted(leaves, key=lambda leaf: leaf.key))


def rebuild(header: Header, orders: Sequence[Order], secret: BlindingKey) -> Window:
    """The window of a header, from its orders: what an asynchronous prover works on."""
    window = Window(terms_of(header), secret, header.window_start, header.window_end, header.revision)
    for order in orders:
        window.add(order)
    for lane in header.lanes:
        window.cover(lane.topic_id, lane.partition, lane.first, lane.last)
    return window


def terms_of(header: Header) -> Terms:
    """The terms under which a header was made."""
    same = ("stream", "instrument", "lot", "cluster", "mode", "isolation", "lateness_ns", "idle_ns", "config_hash")
    more = ("gateway", "range_bits", "order_limit", "v_min", "q", "edges")
    policy = PrivacyPolicy(header.min_traders, header.dominance_ppm)
    return Terms(policy=policy, **{name: getattr(header, name) for name in (*same, *more)})
