"""Points and scalars as fields of an object: the kinds of `codec` that know the group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.proofs.codec import Many, Reader
from equipoise.proofs.group import POINT_BYTES, SCALAR_BYTES, Point, decode_scalar, encode_scalar
from equipoise.proofs.subgroup import all_inside


@dataclass(frozen=True)
class GroupElement:
    """A compressed G1 point."""

    identity: bool = False

    def read(self, reader: Reader, where: str) -> Point:
        """Read."""
        point = Point.on_curve(reader.take(POINT_BYTES, where), where, self.identity)
        if reader.later is None:
            point.check_subgroup(where)
        else:
            reader.later.append((point, where))
        return point

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


@dataclass(frozen=True)
class ManyPoints(Many):
    """A long list of items that hold points: whether these lie in the subgroup is checked for all together.

    Which fault is the first one stays the same: a point outside comes before whatever ended the reading after it.
    """

    def read(self, reader: Reader, where: str) -> tuple[Any, ...]:
        """Read."""
        points: list[tuple[Point, str]] = []
        reader.later = points
        try:
            return super().read(reader, where)
        finally:
            reader.later = None
            if not all_inside([point.raw for point, _ in points]):
                for point, place in points:
                    point.check_subgroup(place)
