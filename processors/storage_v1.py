"""State rows of version 1: as version 2 stores them, but without a description, and orders with their links.

The dtypes are frozen as they were; `sections` fits their fields into today's by name.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from equipoise.processors import storage
from equipoise.processors.book import pack
from equipoise.processors.sections import Section
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import State
from equipoise.processors.storage import Head, StateError, Stored

INSTRUMENT_DTYPE: Final = np.dtype(
    [
        ("ordinal", "i8"), ("clock_ns", "i8"), ("first_ns", "i8"), ("group_open", "u1"), ("followed", "u1"),
        ("group_reasons", "u4"), ("late_events", "i8"), ("trading", "u1"), ("book_source", "u1"), ("seeded", "u1"),
        ("chained", "u1"), ("gapped", "u1"), ("in_snapshot", "u1"), ("rebased", "u1"), ("sequence", "i8"),
        ("chain_from", "i8"), ("snapshot_sequence", "i8"), ("mismatches", "i8"), ("bid", "i8"),
        ("bid_quantity", "i8"), ("ask", "i8"), ("ask_quantity", "i8"), ("bid_depth", "i8"), ("ask_depth", "i8"),
        ("quotes_ok", "u1"), ("last_good_mid_x2", "i8"), ("last_good_mid_ns", "i8"), ("held", "f8", (3,)),
        ("decayed", "f8", (3,)), ("decayed_weight", "f8", (3,)), ("held_ns", "i8"), ("ofi", "f8"),
        ("ofi_gross", "f8"), ("ofi_weight", "f8"), ("ofi_ns", "i8"), ("session", "i8"), ("cvd", "i8"),
        ("cvd_previous", "i8"), ("volume_epoch", "i8"), ("first_trade_ns", "i8"), ("buys", "u8", (3, 2)),
        ("sells", "u8", (3, 2)), ("profile_low", "i8"), ("profile_high", "i8"), ("profile_shift", "i8"),
        ("profile_buys", "u8", (16, 3, 2)), ("profile_sells", "u8", (16, 3, 2)), ("pending_head", "i8"),
        ("pending_count", "i8"), ("pending_seen", "u1"), ("pending_buy", "i8"), ("pending_sell", "i8"),
        ("last_good", "f8", (6,)), ("last_good_ns", "i8", (6,)), ("regime", "u1"), ("score", "f8"),
        ("published_ns", "i8"), ("published_regime", "u1"), ("published_status", "u1"), ("published_bid", "i8"),
        ("published_ask", "i8"), ("published_buy_fee", "i8"), ("published_sell_fee", "i8"), ("grid", "i8"),
        ("dirty", "u1"),
    ],
    align=True,
)  # fmt: skip

SLOT_DTYPE: Final = np.dtype(
    [
        ("number", "i8"), ("state", "u1"), ("opened", "i8"), ("revision", "i4"), ("session", "i8"), ("events", "i8"),
        ("trades", "i8"), ("buy", "i8"), ("sell", "i8"), ("unknown", "i8"), ("unpriced", "i8"), ("ofi", "i8"),
        ("ofi_gross", "i8"), ("area", "f8", (3,)), ("known_ns", "f8", (3,)), ("mid_open_x2", "i8"),
        ("mid_close_x2", "i8"), ("low", "i8"), ("high", "i8"), ("shift", "i8"), ("ring_buy", "i8", (16,)),
        ("ring_sell", "i8", (16,)), ("regime", "u1"), ("status", "u1"), ("reasons", "u4"), ("close_mid_x2", "i8"),
        ("close_mid_ns", "i8"), ("pending_buy", "i8"), ("pending_sell", "i8"), ("late_events", "i8"),
    ],
    align=True,
)  # fmt: skip
LEVEL_DTYPE: Final = np.dtype([(name, "i8") for name in ("price", "quantity", "orders", "anonymous", "head", "tail")])
ORDER_DTYPE: Final = np.dtype([(name, "i8") for name in ("id", "owner", "price", "quantity", "previous", "next")])
SOURCE_DTYPE: Final = np.dtype([(name, "i8") for name in ("watermark_ns", "arrival_ns", "rows", "offset")])
PARTITION_DTYPE: Final = np.dtype([(name, "i8") for name in (
    "watermark_ns", "arrival_ns", "first_arrival_ns", "closed_number", "opened", "revise", "order_count",
    "free_order", "order_end", "level_end", "signals", "windows",
)])  # fmt: skip
_KEPT: Final = ("watermark_ns", "arrival_ns", "first_arrival_ns", "closed_number", "opened")
_MEASURES: Final = (
    "depth_1_half_life_ns", "depth_10_half_life_ns", "queue_half_life_ns", "ofi_half_life_ns", "cvd_half_life_ns",
    "bucket_ticks", "ready_weight",
)  # fmt: skip


def load_partition(state: State, head: Head, body: bytes) -> None:
    """The partition's row. Raises StateError."""
    partition = np.frombuffer(body, PARTITION_DTYPE, 1)
    for name in _KEPT:
        state.partition[name] = partition[name]
    storage.fill_sources(state, np.frombuffer(body[partition.nbytes :], SOURCE_DTYPE, head.counts[0]))


def read(keys: Sequence[str], rows: Mapping[str, bytes], settings: EngineSettings) -> Stored:
    """Instruments' rows, taken apart. Raises StateError."""
    layout = _layout(settings)
    fixed: list[list[Any]] = [[], []]
    counts, levels, orders, pending = [], [], [], []
    for key in keys:
        head, body = storage.unpack(key, rows[key], storage.INSTRUMENT)
        if head.version != 1 or head.layout != layout:
            raise StateError(
                f"state row {key!r}: was written with other windows, half-lives or buckets; "
                "restore those settings, or start from the source with a new state topic"
            )
        bids, asks, listed, _ = head.counts
        sizes = ((INSTRUMENT_DTYPE, 1), (SLOT_DTYPE, settings.slots), (LEVEL_DTYPE, bids + asks))
        at = 0
        parts = []
        for dtype, count in sizes:
            parts.append(np.frombuffer(body, dtype, count, at))
            at += parts[-1].nbytes
        stored = np.frombuffer(body, ORDER_DTYPE, -1, at)
        fixed[0].append(parts[0])
        fixed[1].append(parts[1])
        counts.append(head.counts)
        linked = np.where(parts[2]["head"] >= 0, parts[2]["orders"], 0)
        levels += [
            *zip(*(parts[2][name] for name in ("price", "quantity", "orders", "anonymous")), linked, strict=True)
        ]
        orders += [*zip(stored["id"][:listed], stored["quantity"][:listed], strict=True)]
        waiting = stored[listed:]
        pending += [*zip(waiting["id"], waiting["owner"] & 1, waiting["quantity"], strict=True)]
    ours = storage.present_meaning(settings)
    return Stored(
        [
            Section(name, ours, np.stack(part))
            for name, part in zip(("instrument", "windows"), fixed, strict=True)
            if part
        ],
        _numbers(counts, 4),
        _numbers(levels, pack.LEVEL),
        _numbers(orders, pack.ORDER),
        _numbers(pending, pack.PENDING),
    )


def _numbers(rows: list[Any], width: int) -> storage.Numbers:
    return np.array(rows, np.int64).reshape(-1, width)


def _layout(settings: EngineSettings) -> bytes:
    """8 bytes over the dtypes and the settings that gave stored numbers their meaning."""
    parts = [str(d.descr) for d in (INSTRUMENT_DTYPE, SLOT_DTYPE, LEVEL_DTYPE, ORDER_DTYPE, SOURCE_DTYPE)]
    measures = ", ".join(f"{name}={getattr(settings.measures, name)!r}" for name in _MEASURES)
    parts += [str(settings.time.window_ns), str(settings.slots), f"MeasureSettings({measures})"]
    return hashlib.sha256("|".join(parts).encode()).digest()[:8]
