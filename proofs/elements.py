"""Points and scalars as fields of an object: the kinds of `codec` that know the group."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.codec import Reader
from equipoise.proofs.group import POINT_BYTES, SCALAR_BYTES, Point, decode_scalar, encode_scalar


@dataclass(frozen=True)
class GroupElement:
    """A compressed G1 point."""

    identity: bool = False

    def read(self, reader: Reader, where: str) -> Point:
        """Read."""
        return Point.decode(reader.take(POINT_BYTES, where), where, self.identity)

    def write(self, value: Point) -> bytes:
        """Write."""
        return value.data


@dataclass(frozen=True)
class FieldScalar:
    """A canonical scalar."""

    def read(self, reader: Reader, where: str) -> int:
        """Read."""
        return decode_scalar(reader.take(SCALAR_BYTES, where), where)

    def write(self, value: int) -> bytes:
        """Write."""
        return encode_scalar(value)
