"""A small strict codec: an object is a list of named fields, and the list is data.

Decoder, encoder and the tests' mutation generator all read the same ``FIELDS``, so a field
that is decoded is a field that is mutated. A kind knows how to read itself from a `Reader`
(raising Malformed) and how to write itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeVar

from equipoise.proofs.errors import LimitExceeded, Malformed
from equipoise.proofs.numbers import public, written

MAGIC = b"EQP1"
FRAME_BYTES = 9
_PRINTABLE = re.compile(rb"[!-~]*")


class Reader:
    """A cursor over bytes that never reads past its end.

    ``later``: while it is a list, a kind may put off a check by leaving here what it read and
    where; whoever put the list there makes up for it (`elements.ManyPoints`).
    """

    __slots__ = ("data", "end", "later", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data, self.pos, self.end = data, pos, len(data) if end is None else end
        self.later: list[tuple[Any, str]] | None = None

    def take(self, size: int, where: str) -> bytes:
        """The next ``size`` bytes, or Malformed truncated."""
        if self.end - self.pos < size:
            raise Malformed("truncated", where, f"{size} bytes needed, {self.end - self.pos} left")
        self.pos += size
        return self.data[self.pos - size : self.pos]

    def done(self, where: str) -> None:
        """Malformed trailing-bytes unless everything was read."""
        if self.pos != self.end:
            raise Malformed("trailing-bytes", where, f"{self.end - self.pos} bytes")


class Kind(Protocol):
    """How one field is read and written."""

    def read(self, reader: Reader, where: str) -> Any: ...  # noqa: D102
    def write(self, value: Any) -> bytes: ...  # noqa: D102


@dataclass(frozen=True)
class Uint:
    """An unsigned big-endian integer of ``size`` bytes, within low..high if given."""

    size: int
    low: int = 0
    high: int | None = None
    code: str = "bad-value"
    only: tuple[int, ...] = ()

    def read(self, reader: Reader, where: str) -> int:
        """Read, with its bounds."""
        value = int.from_bytes(reader.take(self.size, where), "big")
        if value < self.low or (self.high is not None and value > self.high):
            raise Malformed(self.code, where, f"{value} is not in {self.low}..{self.high}")
        if self.only and value not in self.only:
            raise Malformed(self.code, where, f"{value} is none of {self.only}")
        return value

    def write(self, value: int) -> bytes:
        """Write."""
        return written(value, self.size, self.low, (1 << 8 * self.size) - 1 if self.high is None else self.high)


@dataclass(frozen=True)
class Int16:
    """A signed 16-bit integer."""

    def read(self, reader: Reader, where: str) -> int:
        """Read."""
        return int.from_bytes(reader.take(2, where), "big", signed=True)

    def write(self, value: int) -> bytes:
        """Write."""
        return written(value, 2, -(1 << 15), (1 << 15) - 1, signed=True)


@dataclass(frozen=True)
class Raw:
    """Exactly ``size`` bytes."""

    size: int

    def read(self, reader: Reader, where: str) -> bytes:
        """Read."""
        return reader.take(self.size, where)

    def write(self, value: bytes) -> bytes:
        """Write."""
        if len(value) != self.size:
            raise ValueError(f"{len(value)} bytes, must be {self.size}")
        return value


@dataclass(frozen=True)
class Text:
    """Up to 64 printable ASCII characters without space, one length byte before them."""

    least: int = 1
    pattern: str = ""
    words: str = ""  # the pattern, for people

    def read(self, reader: Reader, where: str) -> str:
        """Read: bad-text for its characters or length, bad-value where the pattern does not match."""
        size = reader.take(1, where)[0]
        self._check_size(size, where)
        return self._checked(reader.take(size, where), where)

    def write(self, value: str) -> bytes:
        """Write; LimitExceeded where it could not be read back."""
        data = value.encode()
        try:
            self._check_size(len(data), "text")
            self._checked(data, "text")
        except Malformed as fault:  # the value is not shown: it may be a trader's name
            raise LimitExceeded(fault.detail or "printable ASCII without space only") from None
        return len(data).to_bytes(1, "big") + data

    def _check_size(self, size: int, where: str) -> None:
        if not self.least <= size <= 64:
            raise Malformed("bad-text", where, f"{size} characters, must be {self.least}..64")

    def _checked(self, data: bytes, where: str) -> str:
        if not _PRINTABLE.fullmatch(data):
            raise Malformed("bad-text", where)
        value = data.decode("ascii")
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            raise Malformed("bad-value", where, self.words or f"does not match {self.pattern}")
        return value


@dataclass(frozen=True)
class Blob:
    """Bytes with a 16-bit length before them."""

    def read(self, reader: Reader, where: str) -> bytes:
        """Read."""
        return reader.take(int.from_bytes(reader.take(2, where), "big"), where)

    def write(self, value: bytes) -> bytes:
        """Write."""
        return written(len(value), 2, 0, (1 << 16) - 1) + value


@dataclass(frozen=True)
class Many:
    """A count, then that many items (least..most of them)."""

    count_size: int
    item: Kind
    least: int = 0
    most: int | None = None

    def read(self, reader: Reader, where: str) -> tuple[Any, ...]:
        """Read."""
        count = Uint(self.count_size, self.least, self.most).read(reader, f"{where}.count")
        return tuple(self.item.read(reader, f"{where}[{i}]") for i in range(count))

    def write(self, value: Sequence[Any]) -> bytes:
        """Write."""
        count = Uint(self.count_size, self.least, self.most).write(len(value))
        return count + b"".join(self.item.write(x) for x in value)


@dataclass(frozen=True)
class Optional:
    """One byte 0 or 1, then the item if 1."""

    item: Kind

    def read(self, reader: Reader, where: str) -> Any:
        """Read; None when absent."""
        return self.item.read(reader, where) if Uint(1, 0, 1).read(reader, f"{where}.present") else None

    def write(self, value: Any) -> bytes:
        """Write."""
        return b"\x00" if value is None else b"\x01" + self.item.write(value)


@dataclass(frozen=True)
class Nested:
    """Another structure in place, without a frame."""

    struct: type[Struct]

    def read(self, reader: Reader, where: str) -> Struct:
        """Read."""
        return self.struct.read(reader, where)

    def write(self, value: Struct) -> bytes:
        """Write."""
        return value.body()


Fields = tuple[tuple[str, Kind], ...]
S = TypeVar("S", bound="Struct")


class Struct:
    """A record whose bytes are its ``FIELDS``, one after another (a frozen dataclass)."""

    FIELDS: ClassVar[Fields] = ()

    def body(self) -> bytes:
        """The fields' bytes; LimitExceeded naming a field whose value cannot be written, and the value if public."""
        out = []
        for name, kind in self.FIELDS:
            try:
                out.append(kind.write(getattr(self, name)))
            except (LimitExceeded, ValueError) as fault:
                raise LimitExceeded(f"{type(self).__name__.lower()}.{name}{public(self, name)}: {fault}") from None
        return b"".join(out)

    @classmethod
    def read(cls, reader: Reader, where: str) -> Self:
        """Read the fields in order, then check what holds between them."""
        values = {name: kind.read(reader, f"{where}.{name}") for name, kind in cls.FIELDS}
        made = cls(**values)
        made.validate(where)
        return made

    def validate(self, where: str) -> None:
        """Raise Malformed for what no single field can tell."""

    @classmethod
    def from_body(cls, data: bytes, where: str = "") -> Self:
        """Decode a whole body."""
        reader = Reader(data)
        made = cls.read(reader, where or cls.__name__.lower())
        reader.done(where or cls.__name__.lower())
        return made


class Framed(Struct):
    """A structure that travels on its own: magic, type, length, body."""

    TYPE: ClassVar[int] = 0
    LIMIT: ClassVar[int] = 0

    def encode(self) -> bytes:
        """The framed bytes."""
        body = self.body()
        return MAGIC + bytes([self.TYPE]) + len(body).to_bytes(4, "big") + body

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one framed object that fills ``data``; Malformed otherwise."""
        where = cls.__name__.lower()
        reader = Reader(data)
        made = read_framed(reader, {cls.TYPE: cls}, where)
        reader.done(where)
        assert isinstance(made, cls)
        return made


def read_frame(reader: Reader, limits: dict[int, int], where: str) -> tuple[int, int]:
    """Read magic, type and length; the type and where the body ends (it is all there)."""
    if reader.take(4, f"{where}.magic") != MAGIC:
        raise Malformed("bad-magic", where, "an attestation's bytes begin with EQP1")
    kind = reader.take(1, f"{where}.type")[0]
    if kind not in limits:
        raise Malformed("bad-type", where, f"type {kind}")
    length = int.from_bytes(reader.take(4, f"{where}.length"), "big")
    if length > limits[kind]:
        raise Malformed("too-large", where, f"{length} bytes, at most {limits[kind]}")
    if reader.end - reader.pos < length:
        raise Malformed("truncated", where, f"{length} bytes announced, {reader.end - reader.pos} left")
    return kind, reader.pos + length


def read_framed(reader: Reader, structs: dict[int, type[Framed]], where: str) -> Framed:
    """Read one framed object of one of the given types."""
    kind, end = read_frame(reader, {t: s.LIMIT for t, s in structs.items()}, where)
    struct = structs[kind]
    inner = Reader(reader.data, reader.pos, end)
    name = struct.__name__.lower()
    made = struct.read(inner, name)
    inner.done(name)
    reader.pos = end
    return made
