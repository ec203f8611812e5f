"""State rows: what an engine writes at a checkpoint, and reads after a crash.

A row is a header (magic, version, kind, digest of the layout, four counts, CRC-32 of all the rest) and a body in
little-endian order. The partition's row describes the layout (processors/sections.py), then come partition and
sources. An instrument's row: its sections (processors/squeeze.py), then its book and pending swaps
(processors/book/pack.py). All rows that are loaded together have the layout that their partition's row describes:
whoever writes for the first time writes every row. Rows of version 2, whose sections are not squeezed, are read too,
and of version 1 (processors/storage_v1.py).
"""

import hashlib
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import arenas, sections, squeeze
from equipoise.processors.book import pack
from equipoise.processors.panel import stored
from equipoise.processors.sections import Meaning, MeaningError, Section, Shape
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import INSTRUMENT_DTYPE, State
from equipoise.processors.time import OPEN

VERSION: Final = 3
_MAGIC = b"EQST"
_HEADER = struct.Struct("<4sHH8sqqqq")  # magic, version, kind, layout, four counts; the checksum follows
_CRC = struct.Struct("<I")
_LENGTH = struct.Struct("<I")
INSTRUMENT, PARTITION = 1, 2
_KEPT = ("watermark_ns", "arrival_ns", "first_arrival_ns", "closed_number", "opened")  # the rest is about arenas

_OFFSETS: Final = {name: field[1] for name, field in (INSTRUMENT_DTYPE.fields or {}).items()}

Counts = tuple[int, int, int, int]
Numbers = NDArray[np.int64]


class StateError(Exception):
    """A state row cannot be used; the message says why and what to do."""


class Head(NamedTuple):
    """A row's header, checked."""

    version: int
    layout: bytes
    counts: Counts


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of instruments, taken apart: their sections, and their books as `book.pack` wants them."""

    sections: list[Section]
    counts: Numbers
    levels: Numbers
    orders: Numbers
    pending: Numbers


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What changed up to a moment. Taking it copies arrays; making rows of bytes can wait, and be done bit by bit."""

    mark: int  # `since` of the next snapshot, once this one's rows are safe
    partition: bytes  # the partition's row
    keys: Sequence[str]
    layout: bytes
    fixed: Sequence[bytes]  # sections of each key
    books: tuple[Numbers, Numbers, Numbers, Numbers]  # counts, levels, orders, pending

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Key and row of every instrument that changed."""
        counts, levels, orders, pending = self.books
        level = order = swap = 0
        for number, (key, (bids, asks, listed, waiting)) in enumerate(zip(self.keys, counts.tolist(), strict=True)):
            body = (
                self.fixed[number],
                levels[level : level + bids + asks].tobytes(),
                orders[order : order + listed].tobytes(),
                pending[swap : swap + waiting].tobytes(),
            )
            level, order, swap = level + bids + asks, order + listed, swap + waiting
            yield key, _row(INSTRUMENT, self.layout, (bids, asks, listed, waiting), b"".join(body))


def present(state: State, settings: EngineSettings) -> list[Section]:
    """The sections of an engine's instruments, as views of its state."""
    meaning = present_meaning(settings)
    return [
        Section("instrument", meaning, state.instruments.view(np.ndarray)[:, None]),
        Section("windows", meaning, state.slots.view(np.ndarray)),
        *stored.sections(state.panel, settings.panel),
    ]


def present_meaning(settings: EngineSettings) -> Meaning:
    """The settings that the engine's own sections depend on."""
    measures = {name: getattr(settings.measures, name) for name in settings.measures.__dataclass_fields__}
    del measures["ready_weight"]
    return {"window_ns": settings.time.window_ns, "windows": settings.slots, **measures}


def snapshot(state: State, keys: Sequence[str], settings: EngineSettings, since: int) -> Snapshot:
    """Copy what changed after the mark `since`; 0: everything. `keys`: of the first instruments of `state`.

    Raises:
        StateError: this machine is not little-endian.
    """
    if sys.byteorder != "little":
        raise StateError("state rows are little-endian; this machine is not")
    mark = int(state.partition["mark"][0])
    changed = np.flatnonzero(state.instruments["touched"][: len(keys)] > since)
    counts = np.zeros((len(changed), 4), np.int64)
    pack.count(state, changed, counts)
    total = counts.sum(axis=0)
    levels = np.empty((int(total[pack.BIDS] + total[pack.ASKS]), pack.LEVEL), np.int64)
    orders = np.empty((int(total[pack.LISTED]), pack.ORDER), np.int64)
    pending = np.empty((int(total[pack.WAITING]), pack.PENDING), np.int64)
    pack.pack(state, changed, levels, orders, pending)
    found = present(state, settings)
    shapes = sections.describe(sections.shapes(found))
    layout = hashlib.sha256(shapes).digest()[:8]
    partition = _dump_partition(state, shapes, layout)
    fixed: list[bytes] = []
    for some in sections.packed(found, changed):
        for name in ("touched", "pending_head"):  # when and where: equal states have equal rows
            at = _OFFSETS[name]
            some[:, at : at + 8] = 0
        fixed += squeeze.squeezed(some.view(np.uint64))
    state.partition["mark"] = mark + 1
    return Snapshot(
        mark, partition, [keys[i] for i in changed.tolist()], layout, fixed, (counts, levels, orders, pending)
    )


def load(state: State, keys: Sequence[str], settings: EngineSettings, rows: Mapping[str, bytes]) -> State:
    """Fill an empty `state` from rows. `keys`: which row is that of which instrument of `state`.

    Raises:
        StateError: a row is damaged, of a later version, or of other settings.
    """
    from equipoise.processors import storage_v1

    if "" not in rows:
        raise StateError("state rows: the partition's row is missing; rebuild them from the source")
    head, body = unpack("", rows[""], PARTITION)
    if head.version == 1:
        storage_v1.load_partition(state, head, body)
        taken = storage_v1.read(keys, rows, settings)
    else:
        shapes = _load_partition(state, head, body)
        taken = read(keys, rows, shapes, head.layout)
    return _fill(state, keys, settings, taken)


def read(keys: Sequence[str], rows: Mapping[str, bytes], shapes: Sequence[Shape], layout: bytes) -> Stored:
    """Rows of this version and of the one before, taken apart. Raises StateError."""
    size = sum(shape.size for shape in shapes)
    words = -(-size // squeeze.WORD)
    parts: list[list[bytes]] = [[], [], [], []]
    counts = np.zeros((len(keys), 4), np.int64)
    for number, key in enumerate(keys):
        head, body = unpack(key, rows[key], INSTRUMENT)
        if head.layout != layout or head.version == 1:
            raise StateError(f"state row {key!r}: not of the partition row's layout; rebuild it from the source")
        bids, asks, listed, waiting = counts[number] = head.counts
        sizes = (8 * pack.LEVEL * (bids + asks), 8 * pack.ORDER * listed, 8 * pack.PENDING * waiting)
        ends = list(accumulate(sizes, initial=len(body) - sum(sizes)))
        fixed = body[: ends[0]]
        parts[0].append(fixed if head.version > 2 else _squeezed(fixed, size))
        for part, start, end in zip(parts[1:], ends, ends[1:], strict=False):
            part.append(body[start:end])
    found, bad = squeeze.widened(parts[0], words)
    if bad >= 0:
        raise StateError(f"state row {keys[bad]!r}: sections of another size; rebuild it from the source")
    return Stored(
        sections.unpacked(shapes, found.view(np.uint8)), counts, *_books([b"".join(part) for part in parts[1:]])
    )


def _squeezed(sections: bytes, size: int) -> bytes:
    """What version 2 stored, as this version does; empty, which no row is, where it is of another size."""
    if len(sections) != size:
        return b""
    row = np.frombuffer(sections + bytes(-size % squeeze.WORD), np.uint64)
    return squeeze.squeezed(row.reshape(1, -1))[0]


def unpack(name: str, row: bytes, kind: int) -> tuple[Head, bytes]:
    """A row's header and body.

    Raises:
        StateError: it is damaged, of another kind, or of a version that this program does not read.
    """
    start = _HEADER.size + _CRC.size
    if len(row) < start:
        raise StateError(f"state row {name!r}: {len(row)} bytes, must be >= {start}; rebuild it from the source")
    magic, version, found, layout, *counts = _HEADER.unpack_from(row)
    (crc,) = _CRC.unpack_from(row, _HEADER.size)
    body = row[start:]
    if magic != _MAGIC or found != kind:
        raise StateError(f"state row {name!r}: not a state row of this kind; rebuild it from the source")
    if not 1 <= version <= VERSION:
        raise StateError(f"state row {name!r}: version {version}, this program reads 1 to {VERSION}")
    if zlib.crc32(body, zlib.crc32(row[: _HEADER.size])) != crc:
        raise StateError(f"state row {name!r}: checksum does not match; rebuild it from the source")
    a, b, c, d = counts
    return Head(version, layout, (a, b, c, d)), body


def fill_sources(state: State, stored: NDArray[Any]) -> None:
    """Put the sources back; topics may have been added behind them.

    Raises:
        StateError: there are fewer now.
    """
    if len(stored) > len(state.sources):
        raise StateError(f"partition row: {len(stored)} sources, now {len(state.sources)}; topics were removed")
    sections.fill(state.sources.view(np.ndarray)[: len(stored)], stored)


def _row(kind: int, layout: bytes, counts: Counts, body: bytes) -> bytes:
    header = _HEADER.pack(_MAGIC, VERSION, kind, layout, *counts)
    return b"".join((header, _CRC.pack(zlib.crc32(body, zlib.crc32(header))), body))


def _dump_partition(state: State, shapes: bytes, layout: bytes) -> bytes:
    kept = np.array([int(state.partition[name][0]) for name in _KEPT], np.int64)
    own = sections.describe([Shape("sources", {}, state.sources.dtype, (len(state.sources),))])
    body = b"".join((
        _LENGTH.pack(len(shapes)), shapes, _LENGTH.pack(len(own)), own, kept.tobytes(), state.sources.tobytes(),
    ))  # fmt: skip
    return _row(PARTITION, layout, (len(state.sources), len(kept), 0, 0), body)


def _load_partition(state: State, head: Head, body: bytes) -> list[Shape]:
    shapes, rest = _described(body)
    (sources,), rest = _described(rest)
    kept = np.frombuffer(rest, np.int64, head.counts[1])
    for name, value in zip(_KEPT, kept, strict=True):
        state.partition[name] = value
    fill_sources(state, np.frombuffer(rest[kept.nbytes :], sources.dtype, *sources.each))
    return shapes


def _described(body: bytes) -> tuple[list[Shape], bytes]:
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    return sections.described(body[_LENGTH.size : end]), body[end:]


def _books(parts: Sequence[bytes]) -> tuple[Numbers, Numbers, Numbers]:
    levels, orders, pending = (
        np.frombuffer(bytearray(part), np.int64).reshape(-1, width)  # writable, as the kernels are compiled for
        for part, width in zip(parts, (pack.LEVEL, pack.ORDER, pack.PENDING), strict=True)
    )
    return levels, orders, pending


def _fill(state: State, keys: Sequence[str], settings: EngineSettings, taken: Stored) -> State:
    try:
        sections.take(present(state, settings), taken.sections)
    except MeaningError as why:
        raise StateError(
            f"state of other windows, half-lives, buckets or measures: {why}; "
            "restore those settings, or start from the source with a new state topic"
        ) from why
    state.instruments["touched"][: len(keys)] = state.partition["mark"][0]
    state = arenas.reserve(state, taken.counts)
    wrong = pack.place(state, taken.counts, taken.levels, taken.orders, taken.pending)
    if wrong >= 0:
        raise StateError(
            f"state row {keys[wrong]!r}: a level's orders do not add up to its quantity; rebuild it from the source"
        )
    _relist_members(state, len(keys))
    return state


def _relist_members(state: State, n: int) -> None:
    """Open windows, in the order in which they were opened."""
    state.member_count[:] = 0
    slots = state.slots[:n]
    listed = np.argwhere(slots["state"] == OPEN)
    for i, k in listed[np.argsort(slots["opened"][tuple(listed.T)])]:
        state.members[k, state.member_count[k]] = i
        state.member_count[k] += 1
