"""The header: what the attested numbers are about, and under which rules they were made.

It binds the window, the ranges of the log it was drawn from, the watermark policy, the
configuration, the privacy policy, the lot size and, in threshold mode, the bands. Everything
in it is public. The attestation carries its digest; bundles carry the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from equipoise.proofs.codec import Framed, Int16, Many, Nested, Raw, Struct, Text, Uint
from equipoise.proofs.digest import ZERO32, tagged
from equipoise.proofs.errors import LimitExceeded, Malformed

VERSION = 1
MAX_LEAVES = 1 << 20
MAX_TOTAL = 1 << 52
MAX_TIME = (1 << 63) - 1
PER_ORDER, PER_TRADER = 0, 1
OPEN, THRESHOLD = 0, 1
_LOT_WORDS = "must be a decimal above 0 without trailing zeros, for example 0.001"
_LOT = r"(?!0$)(0|[1-9][0-9]*)(\.[0-9]*[1-9])?"


@dataclass(frozen=True)
class Lane(Struct):
    """One partition's part of the window: the offsets it was drawn from, and its leaves."""

    topic_id: bytes
    partition: int
    first: int
    last: int
    leaves: int

    FIELDS = (
        ("topic_id", Raw(16)),
        ("partition", Uint(4)),
        ("first", Uint(8)),
        ("last", Uint(8)),
        ("leaves", Uint(4)),
    )

    def validate(self, where: str) -> None:
        """First <= last."""
        if self.first > self.last:
            raise Malformed("bad-value", f"{where}.last", f"{self.last} is below first = {self.first}")


@dataclass(frozen=True)
class Header(Framed):
    """SPEC.md, section 3. Times in ns since the epoch, amounts in lots."""

    version: int
    stream: str
    instrument: str
    lot: str
    cluster: str
    window_start: int
    window_end: int
    revision: int
    leaf_mode: int
    mode: int
    isolation: int
    lateness_ns: int
    idle_ns: int
    config_hash: bytes
    min_traders: int
    dominance_ppm: int
    gateway: bytes
    range_bits: int
    order_limit: int
    v_min: int
    q: int
    edges: tuple[int, ...]
    trader_leaves: int
    lanes: tuple[Lane, ...]

    TYPE = 1
    LIMIT = 8192
    FIELDS = (
        ("version", Uint(2, VERSION, VERSION, "bad-version")),
        ("stream", Text()),
        ("instrument", Text(pattern=r".*:.*", words="must be VENUE:SYMBOL")),
        ("lot", Text(pattern=_LOT, words=_LOT_WORDS)),
        ("cluster", Text()),
        ("window_start", Uint(8, 0, MAX_TIME)),
        ("window_end", Uint(8, 0, MAX_TIME)),
        ("revision", Uint(4)),
        ("leaf_mode", Uint(1, 0, 1)),
        ("mode", Uint(1, 0, 1)),
        ("isolation", Uint(1, 0, 1)),
        ("lateness_ns", Uint(8, 0, MAX_TIME)),
        ("idle_ns", Uint(8, 0, MAX_TIME)),
        ("config_hash", Raw(32)),
        ("min_traders", Uint(2)),
        ("dominance_ppm", Uint(4, 1, 1_000_000)),
        ("gateway", Raw(32)),
        ("range_bits", Uint(1, only=(32, 64))),
        ("order_limit", Uint(4, 1, MAX_LEAVES)),
        ("v_min", Uint(8, 0, MAX_TOTAL)),
        ("q", Uint(2, 0, 1024)),
        ("edges", Many(1, Int16(), 0, 32)),
        ("trader_leaves", Uint(4, 0, MAX_LEAVES)),
        ("lanes", Many(1, Nested(Lane), 0, 64)),
    )

    def validate(self, where: str) -> None:
        """What holds between fields; the first broken rule in the fields' order decides."""
        for name, fault in self._faults():
            raise Malformed("bad-value", f"{where}.{name}", fault)

    def _faults(self) -> list[tuple[str, str]]:
        places = [(lane.topic_id, lane.partition) for lane in self.lanes]
        rules = [
            ("window_end", self.window_start < self.window_end, "must be after window_start"),
            ("v_min", (self.v_min > 0) == (self.mode == THRESHOLD), "positive in threshold mode only"),
            ("q", (self.q > 0) == (self.mode == THRESHOLD), "positive in threshold mode only"),
            ("edges", self._edges_cover(), "must rise strictly from -q to q+1 in threshold mode, be none in open"),
            ("trader_leaves", self.leaf_mode == PER_TRADER or self.trader_leaves == 0, "one per trader only"),
            ("lanes", all(a < b for a, b in pairwise(places)), "must rise strictly"),
            ("lanes", self.leaf_mode == PER_ORDER or not any(x.leaves for x in self.lanes), "leaves are per trader"),
            ("lanes", sum(lane.leaves for lane in self.lanes) <= MAX_LEAVES, f"more than {MAX_LEAVES} leaves"),
        ]
        return [(name, fault) for name, holds, fault in rules if not holds]

    def _edges_cover(self) -> bool:
        if self.mode == OPEN:
            return not self.edges
        rising = all(a < b for a, b in pairwise(self.edges))
        return len(self.edges) >= 2 and rising and self.edges[0] == -self.q and self.edges[-1] == self.q + 1

    @cached_property
    def digest(self) -> bytes:
        """What the attestation signs in place of the header (32 bytes)."""
        return tagged(b"equipoise/v1/header", self.body())

    @cached_property
    def stream_id(self) -> bytes:
        """The stream that this header belongs to (32 bytes)."""
        return stream_id(self.stream, self.instrument, self.cluster)

    @property
    def trees(self) -> tuple[int, ...]:
        """The number of leaves of each tree, in order; no tree is empty."""
        if self.leaf_mode == PER_TRADER:
            return (self.trader_leaves,) if self.trader_leaves else ()
        return tuple(lane.leaves for lane in self.lanes if lane.leaves)

    @property
    def tree_lanes(self) -> tuple[Lane, ...]:
        """The lanes that have leaves, in the order of the trees (none under per-trader leaves)."""
        return tuple(lane for lane in self.lanes if lane.leaves)

    @property
    def leaves(self) -> int:
        """The number of leaves of all trees."""
        return sum(self.trees)

    @property
    def has_gateway(self) -> bool:
        """Whether orders must be signed by an ingest gateway."""
        return self.gateway != ZERO32


def stream_id(stream: str, instrument: str, cluster: str) -> bytes:
    """SPEC.md, section 3: the digest that names a stream (32 bytes); LimitExceeded naming the field."""
    names = {"stream": stream, "instrument": instrument, "cluster": cluster}
    return tagged(b"equipoise/v1/stream", b"".join(_named(field, value) for field, value in names.items()))


def _named(field: str, value: str) -> bytes:
    try:
        return Text().write(value)
    except LimitExceeded as fault:
        raise LimitExceeded(f"{field}: {fault}") from None
