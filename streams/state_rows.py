"""State rows as they lie in the compacted state topic.

key    instrument|generation|slot|part            (instrument '': the partition's own row; those of a
                                                    mempool begin with `mempool~`)
value  b"EQS1", CRC-32 of the rest, then a JSON head and a piece of the state's bytes

A checkpoint is closed by the partition's row. Until then its rows do not count, and the rows of the
checkpoint before must still be there. Compaction keeps only the last record of each key, so a row
alternates between two slots: writing one never overwrites the last closed one. Rows above 512 KiB go
out in parts, and count only when all parts of one checkpoint are there.

Who writes has a generation, higher than any before it on that partition. The first checkpoint of a
generation writes every row, so that a generation stands alone: what an earlier owner that believes
itself still in charge writes later lies under its own lower generation, and loses.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

MAGIC: Final = b"EQS1"
MEMPOOL: Final = "mempool"
OWNERS: Final = (MEMPOOL,)
PART_BYTES: Final = 512 * 1024
_HEAD: Final = len(MAGIC) + 4 + 2


class StateDamagedError(RuntimeError):
    """A state row that is needed cannot be read."""


class RowKey(NamedTuple):
    """Which row, whose, and which part of it."""

    instrument: str
    generation: int
    slot: int
    part: int

    def encode(self) -> bytes:
        """As a Kafka key."""
        return f"{self.instrument}|{self.generation}|{self.slot}|{self.part}".encode()

    @classmethod
    def decode(cls, key: bytes) -> "RowKey":
        """The inverse. Raises StateDamagedError."""
        try:
            instrument, generation, slot, part = key.decode().rsplit("|", 3)
            return cls(instrument, int(generation), int(slot), int(part))
        except ValueError as why:
            raise StateDamagedError(f"state key {key[:80]!r}: must be instrument|generation|slot|part") from why


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a row: of which checkpoint, how many there are, and its bytes."""

    checkpoint: int
    parts: int
    body: bytes


def split_row(
    instrument: str, generation: int, slot: int, checkpoint: int, body: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every part of a row."""
    pieces = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)] or [b""]
    head = json.dumps({"checkpoint": checkpoint, "parts": len(pieces)}, separators=(",", ":")).encode()
    for number, piece in enumerate(pieces):
        rest = len(head).to_bytes(2, "big") + head + piece
        yield RowKey(instrument, generation, slot, number).encode(), MAGIC + zlib.crc32(rest).to_bytes(4, "big") + rest


def read_part(key: bytes, value: bytes) -> Part:
    """One value. Raises StateDamagedError where it is not what was written."""
    rest = value[len(MAGIC) + 4 :]
    if value[: len(MAGIC)] != MAGIC or len(value) < _HEAD:
        raise StateDamagedError(f"state row {key.decode(errors='replace')}: {value[:4]!r}, must begin with {MAGIC!r}")
    if zlib.crc32(rest) != int.from_bytes(value[len(MAGIC) : len(MAGIC) + 4], "big"):
        raise StateDamagedError(f"state row {key.decode(errors='replace')}: checksum differs, the row is damaged")
    length = int.from_bytes(rest[:2], "big")
    head = json.loads(rest[2 : 2 + length])
    return Part(head["checkpoint"], head["parts"], rest[2 + length :])


@dataclass(frozen=True, slots=True)
class Recovered:
    """The last closed checkpoint of a partition."""

    rows: dict[str, bytes]  # empty: there is none
    generation: int  # highest seen, 0: none
    checkpoint: int
    obsolete: list[bytes]  # keys that a new generation may delete once it has closed a checkpoint


def select(records: Iterable[tuple[bytes, bytes | None]], owner: str = "") -> Recovered:
    """The state that a partition's records, oldest first, hold.

    Args:
        records: key and value of each.
        owner: whose rows; those of another owner lie under keys that begin with its name and `~`.

    Raises:
        StateDamagedError: a row of the newest closed generation is damaged or missing parts.
    """
    last: dict[RowKey, bytes] = {}
    for key, value in records:
        row = RowKey.decode(key)
        whose = next((name for name in OWNERS if row.instrument.startswith(f"{name}~")), "")
        if whose != owner:
            continue
        row = row._replace(instrument=row.instrument.removeprefix(f"{owner}~"))
        if value is None:
            last.pop(row, None)
        else:
            last[row] = value
    generations = sorted({key.generation for key in last}, reverse=True)
    highest = generations[0] if generations else 0
    for generation in generations:
        own = _by_row(last, generation)
        closed = max((found[0] for found in map(_whole, own.get("", {}).values()) if found), default=None)
        if closed is not None:
            rows = dict(_rows(own, closed))
            return Recovered(rows, highest, closed, [_owned(key, owner).encode() for key in last])
    return Recovered({}, highest, 0, [_owned(key, owner).encode() for key in last])


Parts = dict[RowKey, bytes]


def _by_row(last: Mapping[RowKey, bytes], generation: int) -> dict[str, dict[int, Parts]]:
    """A generation's parts by instrument and slot."""
    found: dict[str, dict[int, Parts]] = {}
    for key, value in last.items():
        if key.generation == generation:
            found.setdefault(key.instrument, {}).setdefault(key.slot, {})[key] = value
    return found


def _owned(key: RowKey, owner: str) -> RowKey:
    return key._replace(instrument=f"{owner}~{key.instrument}") if owner else key


def _rows(own: Mapping[str, Mapping[int, Parts]], closed: int) -> Iterator[tuple[str, bytes]]:
    """For each instrument its newest row that the closed checkpoint covers."""
    for instrument, slots in own.items():
        covered = [row for row in map(_whole, slots.values()) if row is not None and row[0] <= closed]
        if covered:
            yield instrument, max(covered, key=lambda row: row[0])[1]


def _whole(found: Parts) -> tuple[int, bytes] | None:
    """Checkpoint and bytes of a row.

    None: parts are missing, as a writer that died in the middle leaves them.
    """
    parts = [read_part(key.encode(), found[key]) for key in sorted(found)]
    newest = parts[0].checkpoint, parts[0].parts
    wanted = parts[: newest[1]]
    if len(wanted) < newest[1] or any((part.checkpoint, part.parts) != newest for part in wanted):
        return None
    return newest[0], b"".join(part.body for part in wanted)
