"""The header, type 1: what the numbers are about and under which rules they were made (SPEC section 3).

A field's own bounds are checked as it is read; rules between fields, and between elements of a list, once the last
field has been read; that a lane's first offset is not after its last, once that lane has been read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from .hashing import digest, vec8
from .reader import Reader
from .verdict import MalformedError

MOST_LEAVES = 1 << 20
OPEN, THRESHOLD = 0, 1
PER_ORDER, PER_TRADER = 0, 1

_U63 = (1 << 63) - 1
_LOT = re.compile(rb"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


@dataclass(frozen=True, slots=True)
class Lane:
    """The offsets first..last of one partition, and how many leaves they gave."""

    topic_id: bytes
    partition: int
    first: int
    last: int
    leaves: int


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree of leaves: its size, and its lane unless it holds a leaf per trader."""

    size: int
    lane: Lane | None


@dataclass(frozen=True, slots=True)
class Header:
    """The fields that a check reads, with the digests of the whole."""

    digest: bytes
    stream: bytes
    instrument: bytes
    cluster: bytes
    window_start: int
    window_end: int
    revision: int
    leaf_mode: int
    mode: int
    gateway: bytes
    range_bits: int
    v_min: int
    q: int
    edges: tuple[int, ...]
    trader_leaves: int
    lanes: tuple[Lane, ...]

    @property
    def stream_id(self) -> bytes:
        """Names the publisher's stream of this instrument."""
        return digest(b"equipoise/v1/stream", vec8(self.stream) + vec8(self.instrument) + vec8(self.cluster))

    @property
    def trees(self) -> list[Tree]:
        """The trees that the root is made of, in order."""
        if self.leaf_mode == PER_TRADER:
            return [Tree(self.trader_leaves, None)] if self.trader_leaves else []
        return [Tree(lane.leaves, lane) for lane in self.lanes if lane.leaves]

    @property
    def leaf_count(self) -> int:
        """n, over all trees."""
        return sum(tree.size for tree in self.trees)


def decode_header(body: bytes) -> Header:
    """The header of an object's body; raises MalformedError."""
    reader = Reader(body, "header")
    reader.version()
    stream = reader.text("stream")
    instrument = _instrument(reader)
    _lot(reader)
    cluster = reader.text("cluster")
    window_start = reader.uint(8, "window_start", high=_U63)
    window_end = reader.uint(8, "window_end", high=_U63)
    revision = reader.uint(4, "revision")
    leaf_mode = reader.uint(1, "leaf_mode", high=1)
    mode = reader.uint(1, "mode", high=1)
    reader.uint(1, "isolation", high=1)
    reader.uint(8, "lateness_ns", high=_U63)
    reader.uint(8, "idle_ns", high=_U63)
    reader.take(32, "config_hash")
    reader.uint(2, "min_traders")
    reader.uint(4, "dominance_ppm", low=1, high=1_000_000)
    gateway = reader.take(32, "gateway")
    range_bits = _range_bits(reader)
    reader.uint(4, "order_limit", low=1, high=MOST_LEAVES)
    v_min = reader.uint(8, "v_min", high=1 << 52)
    q = reader.uint(2, "q", high=1024)
    edges = _edges(reader)
    trader_leaves = reader.uint(4, "trader_leaves", high=MOST_LEAVES)
    lanes = _lanes(reader)
    header = Header(
        digest=digest(b"equipoise/v1/header", body),
        stream=stream,
        instrument=instrument,
        cluster=cluster,
        window_start=window_start,
        window_end=window_end,
        revision=revision,
        leaf_mode=leaf_mode,
        mode=mode,
        gateway=gateway,
        range_bits=range_bits,
        v_min=v_min,
        q=q,
        edges=edges,
        trader_leaves=trader_leaves,
        lanes=lanes,
    )
    _check_between_fields(header)
    reader.end()
    return header


def _refuse(holds: bool, detail: str) -> None:
    if not holds:
        raise MalformedError("bad-value", f"header.{detail}")


def _instrument(reader: Reader) -> bytes:
    instrument = reader.text("instrument")
    _refuse(b":" in instrument, "instrument: no colon")
    return instrument


def _lot(reader: Reader) -> None:
    lot = reader.text("lot")
    _refuse(_LOT.fullmatch(lot) is not None and lot != b"0", "lot: no canonical positive decimal")


def _range_bits(reader: Reader) -> int:
    bits = reader.uint(1, "range_bits")
    _refuse(bits in (32, 64), "range_bits: neither 32 nor 64")
    return bits


def _edges(reader: Reader) -> tuple[int, ...]:
    count = reader.uint(1, "edges", high=32)
    edges = tuple(reader.int16(f"edges[{i}]") for i in range(count))
    return edges


def _lanes(reader: Reader) -> tuple[Lane, ...]:
    count = reader.uint(1, "lanes", high=64)
    lanes: list[Lane] = []
    for i in range(count):
        name = f"lanes[{i}]"
        lane = Lane(
            topic_id=reader.take(16, f"{name}.topic_id"),
            partition=reader.uint(4, f"{name}.partition"),
            first=reader.uint(8, f"{name}.first"),
            last=reader.uint(8, f"{name}.last"),
            leaves=reader.uint(4, f"{name}.leaves"),
        )
        _refuse(lane.first <= lane.last, f"{name}: first is after last")
        lanes.append(lane)
    return tuple(lanes)


def _check_between_fields(header: Header) -> None:
    _refuse(header.window_start < header.window_end, "window_end: not after window_start")
    _refuse(all(a < b for a, b in pairwise(header.edges)), "edges: not strictly increasing")
    places = [(lane.topic_id, lane.partition) for lane in header.lanes]
    _refuse(all(a < b for a, b in pairwise(places)), "lanes: not strictly increasing")
    _refuse(sum(lane.leaves for lane in header.lanes) <= MOST_LEAVES, "lanes: too many leaves")
    own = any(lane.leaves for lane in header.lanes)
    _refuse(header.leaf_mode == PER_ORDER or not own, "lanes: leaves of their own beside leaves per trader")
    if header.mode == THRESHOLD:
        _refuse(header.v_min >= 1, "v_min: 0 in threshold mode")
        _refuse(header.q >= 1, "q: 0 in threshold mode")
        _refuse(len(header.edges) >= 2, "edges: fewer than 2 in threshold mode")
        _refuse(header.edges[0] == -header.q, "edges: the first is not -q")
        _refuse(header.edges[-1] == header.q + 1, "edges: the last is not q + 1")
    else:
        _refuse(header.v_min == 0, "v_min: not 0 in open mode")
        _refuse(header.q == 0, "q: not 0 in open mode")
        _refuse(not header.edges, "edges: some in open mode")
    _refuse(header.leaf_mode == PER_TRADER or header.trader_leaves == 0, "trader_leaves: not 0 with leaves per order")
