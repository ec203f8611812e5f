"""State rows as bytes, and the growing of arenas.

A row is a header (magic, version, kind, counts, digest of the layout, CRC32 of all the rest) and a body of
fixed arrays in little-endian order. Instrument row: scalars, windows, then per side its levels each
with its orders in time priority, then the pending swaps, then the sections of its measures.
Partition row: partition and sources.
"""

import hashlib
import struct
import sys
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise.processors.book import orders, restore
from equipoise.processors.panel.arrays import widened
from equipoise.processors.panel.stored import MeaningError, dumped, loaded
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import (
    INSTRUMENT_DTYPE,
    LEVEL_DTYPE,
    ORDER_DTYPE,
    PARTITION_DTYPE,
    SLOT_DTYPE,
    SOURCE_DTYPE,
    Array,
    State,
    new_instruments,
    new_state,
    records,
)
from equipoise.processors.time import OPEN

VERSION = 1
_MAGIC = b"EQST"
_HEADER = struct.Struct("<4sHH8sqqqq")  # magic, version, kind, layout, four counts; the checksum follows
_CRC = struct.Struct("<I")
_INSTRUMENT, _PARTITION = 1, 2
_KEPT = ("watermark_ns", "arrival_ns", "first_arrival_ns", "closed_number", "opened")  # the rest is about arenas


class StateError(Exception):
    """A state row cannot be used; the message says why and what to do."""


def layout_digest(settings: EngineSettings) -> bytes:
    """8 bytes over the dtypes and the settings that give stored numbers their meaning."""
    parts = [str(d.descr) for d in (INSTRUMENT_DTYPE, SLOT_DTYPE, LEVEL_DTYPE, ORDER_DTYPE, SOURCE_DTYPE)]
    measures = settings.measures
    parts += [str(settings.time.window_ns), str(settings.slots), str(measures)]
    return hashlib.sha256("|".join(parts).encode()).digest()[:8]


def dump(state: State, keys: Sequence[str], settings: EngineSettings) -> dict[str, bytes]:
    """Rows of every instrument, by key, and of the partition, under ''. `keys`: of the first instruments of `state`."""
    if sys.byteorder != "little":
        raise StateError("state rows are little-endian; this machine is not")
    layout = layout_digest(settings)
    partition = np.zeros(1, PARTITION_DTYPE)
    for name in _KEPT:
        partition[name] = state.partition[name]
    rows = {"": _pack(_PARTITION, layout, (len(state.sources), 0, 0, 0), partition.tobytes() + state.sources.tobytes())}
    rows.update((key, _dump_instrument(state, i, settings, layout)) for i, key in enumerate(keys))
    return rows


def _dump_instrument(state: State, i: int, settings: EngineSettings, layout: bytes) -> bytes:
    sides = [_side_levels(state, 2 * i), _side_levels(state, 2 * i + 1)]
    listed = [_chain(state, int(level["head"])) for side in sides for level in side]
    waiting = _chain(state, int(state.instruments["pending_head"][i]))
    chains = [*listed, waiting]
    flat = state.orders[np.concatenate(chains)] if chains else state.orders[:0]
    body = b"".join((
        state.instruments[i : i + 1].tobytes(), state.slots[i].tobytes(),
        sides[0].tobytes(), sides[1].tobytes(), flat.tobytes(),
        dumped(state.panel, settings.panel, i),
    ))  # fmt: skip
    return _pack(_INSTRUMENT, layout, (len(sides[0]), len(sides[1]), len(flat) - len(waiting), len(waiting)), body)


def _side_levels(state: State, side: int) -> Array:
    run = state.sides[side]
    return state.levels[run.start : run.start + run.length]


def _chain(state: State, row: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    rows = []
    following = state.orders["next"]
    while row >= 0:
        rows.append(row)
        row = int(following[row])
    return np.array(rows, np.int64)


def _pack(kind: int, layout: bytes, counts: tuple[int, int, int, int], body: bytes) -> bytes:
    header = _HEADER.pack(_MAGIC, VERSION, kind, layout, *counts)
    return header + _CRC.pack(zlib.crc32(body, zlib.crc32(header))) + body


def _unpack(name: str, row: bytes, kind: int, layout: bytes) -> tuple[tuple[int, int, int, int], bytes]:
    start = _HEADER.size + _CRC.size
    if len(row) < start:
        raise StateError(f"state row {name!r}: {len(row)} bytes, must be >= {start}; rebuild it from the source")
    magic, version, found, digest, *counts = _HEADER.unpack_from(row)
    (crc,) = _CRC.unpack_from(row, _HEADER.size)
    body = row[start:]
    if magic != _MAGIC or found != kind:
        raise StateError(f"state row {name!r}: not a state row of this kind; rebuild it from the source")
    if version != VERSION:
        raise StateError(f"state row {name!r}: version {version}, this program reads {VERSION}")
    if zlib.crc32(body, zlib.crc32(row[: _HEADER.size])) != crc:
        raise StateError(f"state row {name!r}: checksum does not match; rebuild it from the source")
    if digest != layout:
        raise StateError(
            f"state row {name!r}: was written with other windows, half-lives or buckets; "
            "restore those settings, or start from the source with a new state topic"
        )
    a, b, c, d = counts
    return (a, b, c, d), body


def load(state: State, keys: Sequence[str], settings: EngineSettings, rows: dict[str, bytes]) -> State:
    """Fill an empty `state` from rows. `keys`: which row is that of which instrument of `state`.

    Raises:
        StateError: a row is damaged, or of another version or other settings.
    """
    layout = layout_digest(settings)
    if "" in rows:
        _load_partition(state, rows[""], layout)
    for i, key in enumerate(keys):
        state = _load_instrument(state, i, key, rows[key], settings)
    _relist_members(state, len(keys))
    return state


def _load_partition(state: State, row: bytes, layout: bytes) -> None:
    counts, body = _unpack("", row, _PARTITION, layout)
    if counts[0] > len(state.sources):
        raise StateError(f"partition row: {counts[0]} sources, now {len(state.sources)}; topics were removed")
    size = PARTITION_DTYPE.itemsize
    stored = np.frombuffer(body[:size], PARTITION_DTYPE)
    for name in _KEPT:
        state.partition[name] = stored[name]
    state.sources[: counts[0]] = np.frombuffer(body[size:], SOURCE_DTYPE)  # topics may be added behind them


def _load_instrument(state: State, i: int, key: str, row: bytes, settings: EngineSettings) -> State:
    (bids, asks, listed, waiting), body = _unpack(key, row, _INSTRUMENT, layout_digest(settings))
    at = 0

    def take(dtype: np.dtype[Any], count: int) -> Array:
        nonlocal at
        part = np.frombuffer(body, dtype, count, at)
        at += count * dtype.itemsize
        return part.view(np.recarray)

    ring = state.slots.shape[1]
    state.instruments[i] = take(INSTRUMENT_DTYPE, 1)[0]
    state.slots[i] = take(SLOT_DTYPE, ring)
    state.instruments["pending_head"][i] = -1
    sides = (take(LEVEL_DTYPE, bids), take(LEVEL_DTYPE, asks))
    stored = take(ORDER_DTYPE, listed + waiting)
    try:
        loaded(state.panel, settings.panel, i, body[at:])
    except MeaningError as why:
        raise StateError(f"state row {key!r}: {why}; restore those, or start from the source") from why
    while int(state.partition["order_end"][0]) + len(stored) > len(state.orders):
        state = grow_orders(state)
    for side, levels in enumerate(sides):
        state = _place_levels(state, 2 * i + side, levels)
    if not restore.place(state, i, stored.copy().view(np.recarray), listed):
        raise StateError(
            f"state row {key!r}: a level's orders do not add up to its quantity; rebuild it from the source"
        )
    return state


def _place_levels(state: State, side: int, levels: Array) -> State:
    room = max(16, 1 << len(levels).bit_length())
    while int(state.partition["level_end"][0]) + room > len(state.levels):
        state = repack_levels(state, room)
    start = int(state.partition["level_end"][0])
    state.levels[start : start + len(levels)] = levels
    state.sides[side] = (start, len(levels), room)
    state.partition["level_end"] = start + room
    return state


def _relist_members(state: State, n: int) -> None:
    """Open windows, in the order in which they were opened."""
    state.member_count[:] = 0
    slots = state.slots[:n]
    listed = np.argwhere(slots["state"] == OPEN)
    for i, k in listed[np.argsort(slots["opened"][tuple(listed.T)])]:
        state.members[k, state.member_count[k]] = i
        state.member_count[k] += 1


def grown(rows: Array, length: int) -> Array:
    """A zeroed array of `length` rows that begins with `rows`."""
    bigger = records((length, *rows.shape[1:]), rows.dtype)
    bigger[: len(rows)] = rows
    return bigger


def grow_orders(state: State) -> State:
    """Twice the room for orders, and a table to match."""
    rows = grown(state.orders, 2 * len(state.orders))
    used = np.zeros(len(rows), np.bool_)
    end = int(state.partition["order_end"][0])
    used[:end] = True
    free = int(state.partition["free_order"][0])
    while free >= 0:
        used[free] = False
        free = int(rows["next"][free])
    index = np.zeros(4 * len(rows), np.int64)
    orders.reindex(index, rows, used)
    return state._replace(orders=rows, index=index)


def repack_levels(state: State, extra: int = 0) -> State:
    """Pack the runs of levels, each with room to double, into an arena with as much room again."""
    lengths = state.sides["length"]
    rooms = np.where(state.sides["room"] > 0, np.maximum(16, 2 * lengths), 0)
    arena = records(int(2 * rooms.sum() + 1024 + 2 * extra), LEVEL_DTYPE)
    end = 0
    for side in np.flatnonzero(rooms):
        start, length = int(state.sides["start"][side]), int(lengths[side])
        arena[end : end + length] = state.levels[start : start + length]
        state.sides[side] = (end, length, int(rooms[side]))
        end += int(rooms[side])
    state.partition["level_end"] = end
    return state._replace(levels=arena)


def widen(state: State, n: int, settings: EngineSettings) -> State:
    """Room for `n` instruments; what is there stays where it is."""
    old = len(state.instruments)
    fresh = new_state(n, len(state.sources), settings)
    instruments = new_instruments(n)
    instruments[:old] = state.instruments
    for name in ("session_ns", "slots", "sides", "policy"):
        part = getattr(state, name)
        getattr(fresh, name)[: len(part)] = part
    fresh.members[:, :old] = state.members
    return state._replace(
        panel=widened(state.panel, fresh.panel),
        instruments=instruments, session_ns=fresh.session_ns, slots=fresh.slots, sides=fresh.sides,
        policy=fresh.policy, members=fresh.members,
    )  # fmt: skip
