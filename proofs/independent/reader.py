"""A cursor that reads fields strictly, in order, and names the first thing wrong (SPEC sections 1 and 2).

Bounds of a single field are checked as it is read. The elements of a counted list are read one by one, so that a count
takes no memory that its elements' bytes have not paid for.
"""

from __future__ import annotations

from .curve import Point
from .encoding import POINT_BYTES, SCALAR_BYTES, decode_point, decode_scalar
from .verdict import MalformedError

MAGIC = b"EQP1"


class Reader:
    """Reads from `data`; every method names the field it was reading in the error."""

    def __init__(self, data: bytes, name: str = "") -> None:
        self._data = data
        self._at = 0
        self._name = name

    def where(self, field: str) -> str:
        """The field's path, for error messages."""
        return f"{self._name}.{field}" if self._name else field

    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def need(self, size: int, field: str) -> None:
        """Raise MalformedError truncated unless `size` bytes are left."""
        if self.left() < size:
            raise MalformedError("truncated", f"{self.where(field)}: needs {size} bytes, {self.left()} left")

    def take(self, size: int, field: str) -> bytes:
        """The next `size` bytes."""
        self.need(size, field)
        start = self._at
        self._at += size
        return self._data[start : self._at]

    def uint(self, size: int, field: str, *, low: int = 0, high: int | None = None) -> int:
        """A big-endian integer of `size` bytes; MalformedError bad-value outside low..high, both included."""
        value = int.from_bytes(self.take(size, field), "big")
        if value < low or (high is not None and value > high):
            raise MalformedError("bad-value", f"{self.where(field)}: {value} is not in {low}..{high}")
        return value

    def int16(self, field: str) -> int:
        """A two's complement big-endian integer of 16 bits."""
        return int.from_bytes(self.take(2, field), "big", signed=True)

    def version(self) -> None:
        """The u16 that has to be 1; MalformedError bad-version."""
        value = self.uint(2, "version")
        if value != 1:
            raise MalformedError("bad-version", f"{self.where('version')}: {value} is not 1")

    def text(self, field: str, *, shortest: int = 1) -> bytes:
        """A str8 (or, with shortest = 0, a text8) without its length byte; MalformedError bad-text."""
        size = self.uint(1, field)
        if not shortest <= size <= 64:
            raise MalformedError("bad-text", f"{self.where(field)}: a length of {size} is not in {shortest}..64")
        data = self.take(size, field)
        if any(not 0x21 <= byte <= 0x7E for byte in data):
            raise MalformedError("bad-text", f"{self.where(field)}: a byte is not in 0x21..0x7E")
        return data

    def point(self, field: str, *, identity_allowed: bool = False) -> Point:
        """A compressed point of the subgroup."""
        data = self.take(POINT_BYTES, field)
        return decode_point(data, identity_allowed=identity_allowed, where=self.where(field))

    def scalar(self, field: str) -> int:
        """A scalar below r."""
        return decode_scalar(self.take(SCALAR_BYTES, field), where=self.where(field))

    def end(self) -> None:
        """Raise MalformedError trailing-bytes unless everything was read."""
        if self.left():
            raise MalformedError("trailing-bytes", f"{self._name or 'object'}: {self.left()} bytes too many")


def read_frame(reader: Reader, limits: dict[int, int]) -> tuple[int, bytes]:
    """(type, body) of the framed object at the cursor; `limits` maps the types that are asked for to their limits.

    Raises MalformedError bad-magic, bad-type, too-large or truncated.
    """
    magic = reader.take(len(MAGIC), "magic")
    if magic != MAGIC:
        raise MalformedError("bad-magic", f"{reader.where('magic')}: {magic.hex()}")
    kind = reader.uint(1, "type")
    if kind not in limits:
        raise MalformedError("bad-type", f"{reader.where('type')}: {kind} is not among {sorted(limits)}")
    length = reader.uint(4, "length")
    if length > limits[kind]:
        raise MalformedError("too-large", f"{reader.where('length')}: {length} is above {limits[kind]}")
    return kind, reader.take(length, "body")
