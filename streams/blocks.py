"""Records on their way out: one by one, or many at a time, laid out as a kernel hands them over."""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.produce import AT, END, FIRST, HEADER, KEY, NAME, PARTITION, PREFIX, RECORD, TOPIC, VALUE
from equipoise.schemas.headers import Headers

Ints = NDArray[np.int64]
NOWHERE: Final = -1


@dataclass(slots=True)
class OutRecord:
    """One record to be published. `partition` -1: the key decides, as Java clients would."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1


class Block(NamedTuple):
    """Records as rows of addresses (processors/produce.py); good until whoever made it is asked for the next."""

    topics: Sequence[str]  # by column TOPIC
    records: Ints  # (n, RECORD)
    headers: Ints  # (m, HEADER)
    most_headers: int  # of one record
    longest: int  # bytes that a prefix and its value take at the most; 0: there are no prefixes
    kept: object  # what the addresses point into


@dataclass(slots=True)
class Pack:
    """Bytes of many things, one behind the other, so that they lie at an address."""

    _parts: list[bytes] = field(default_factory=list)
    _size: int = 0
    _names: dict[str, int] = field(default_factory=dict)

    def put(self, data: bytes | None) -> tuple[int, int]:
        """Where it will lie, and its size."""
        if data is None:
            return NOWHERE, 0
        self._parts.append(data)
        self._size += len(data)
        return self._size - len(data), len(data)

    def name(self, name: str) -> int:
        """Where a text will lie that ends in a zero byte."""
        if name not in self._names:
            self._names[name] = self.put(name.encode() + b"\0")[0]
        return self._names[name]

    def joined(self) -> NDArray[np.uint8]:
        """All of it, and a byte behind it: what is empty has an address, too."""
        return np.frombuffer(b"".join((*self._parts, b"\0")), np.uint8)


def rows_at(data: NDArray[np.uint8], rows: Sequence[Sequence[int]], width: int, places: Sequence[int]) -> Ints:
    """Rows of so many columns, of which these were told by `Pack`, with addresses in `data`."""
    found = np.array(rows, np.int64).reshape(-1, width)
    for column in places:
        found[:, column] = np.where(found[:, column] == NOWHERE, 0, found[:, column] + data.ctypes.data)
    return found


def block_of(records: Iterable[OutRecord]) -> Block:
    """Lay out records that were made one by one."""
    pack, topics, most = Pack(), dict[str, int](), 0
    rows, headers = list[tuple[int, ...]](), list[tuple[int, ...]]()
    for record in records:
        first = len(headers)
        headers += [(pack.name(name), *pack.put(value)) for name, value in record.headers]
        topic = topics.setdefault(record.topic, len(topics))
        spans = (*pack.put(record.key), NOWHERE, 0, *pack.put(record.value))
        rows.append((topic, record.partition, *spans, first, len(headers)))
        most = max(most, len(headers) - first)
    data = pack.joined()
    laid_out = rows_at(data, rows, RECORD, (KEY, PREFIX, VALUE)), rows_at(data, headers, HEADER, (NAME, AT))
    return Block(list(topics), *laid_out, most, 0, data)


def records_of(block: Block) -> Iterator[OutRecord]:
    """The records of a block, one by one."""
    headers: list[tuple[str, Any]] = [
        (ctypes.string_at(name).decode(), _bytes(at, size)) for name, at, size in block.headers.tolist()
    ]
    for row in block.records.tolist():
        before, value = _bytes(row[PREFIX], row[PREFIX + 1]), _bytes(row[VALUE], row[VALUE + 1])
        yield OutRecord(
            block.topics[row[TOPIC]],
            _bytes(row[KEY], row[KEY + 1]),
            value if value is None else (before or b"") + value,
            headers[row[FIRST] : row[END]],
            row[PARTITION],
        )


def _bytes(address: int, size: int) -> bytes | None:
    return ctypes.string_at(address, size) if address else None
