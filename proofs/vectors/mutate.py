"""Every single-field mutation of an object, generated from its format.

The walk over ``FIELDS`` that decodes an object also finds where each field lies, so a field
cannot be added to the format without being mutated here. Each mutation knows, where the kind
alone decides it, the reason with which it must be refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from equipoise.proofs.codec import Blob, Framed, Int16, Kind, Many, Nested, Optional, Raw, Struct, Text, Uint
from equipoise.proofs.elements import FieldScalar, GroupElement
from equipoise.proofs.group import INFINITY, ORDER, G

FIELD_PRIME = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
ORDER_THREE = b"\x80" + bytes(47)  # (0, 2) is on the curve and has order 3
NOT_ON_CURVE = b"\x80" + bytes(46) + b"\x01"  # x = 1: 1 + 4 is no square
BEYOND_PRIME = bytes([0x80 | FIELD_PRIME.to_bytes(48, "big")[0]]) + FIELD_PRIME.to_bytes(48, "big")[1:]


@dataclass(frozen=True)
class Place:
    """Where one field's bytes lie in an object's body."""

    path: str
    kind: Kind
    start: int
    end: int
    value: Any


@dataclass(frozen=True)
class Mutation:
    """Other bytes for one field; ``reason`` where the field's kind decides it."""

    name: str
    place: str
    data: bytes
    reason: str = ""


def places(struct: Struct, path: str = "", start: int = 0) -> Iterator[Place]:
    """The leaves of an object's structure, in order, with counts and flags as fields of their own."""
    for name, kind in struct.FIELDS:
        value = getattr(struct, name)
        where = f"{path}.{name}" if path else name
        yield from _within(kind, value, where, start)
        start += len(kind.write(value))


def _within(kind: Kind, value: Any, path: str, start: int) -> Iterator[Place]:
    if isinstance(kind, Nested):
        yield from places(value, path, start)
    elif isinstance(kind, Many):
        yield Place(f"{path}.count", Uint(kind.count_size), start, start + kind.count_size, len(value))
        start += kind.count_size
        for index, item in enumerate(value):
            yield from _within(kind.item, item, f"{path}[{index}]", start)
            start += len(kind.item.write(item))
    elif isinstance(kind, Optional):
        yield Place(f"{path}.present", Uint(1, 0, 1), start, start + 1, int(value is not None))
        if value is not None:
            yield from _within(kind.item, value, path, start + 1)
    else:
        yield Place(path, kind, start, start + len(kind.write(value)), value)


def replacements(place: Place) -> Iterator[tuple[str, bytes, str]]:
    """(name, other bytes, reason or "") for one field."""
    kind, value = place.kind, place.value
    if isinstance(kind, GroupElement):
        yield from _points(kind, value.data)
    elif isinstance(kind, FieldScalar):
        yield "plus one", ((value + 1) % ORDER).to_bytes(32, "big"), ""
        yield "plus r", (value + ORDER).to_bytes(32, "big"), "scalar-range"
        yield "is r", ORDER.to_bytes(32, "big"), "scalar-range"
        yield "all ones", b"\xff" * 32, "scalar-range"
    elif isinstance(kind, Uint | Int16):
        size = place.end - place.start
        yield "plus one", ((value + 1) % (1 << 8 * size)).to_bytes(size, "big"), ""
        yield "minus one", ((value - 1) % (1 << 8 * size)).to_bytes(size, "big"), ""
        yield "all ones", b"\xff" * size, ""
    elif isinstance(kind, Raw):
        data = bytes(value)
        yield "first bit", bytes([data[0] ^ 0x80]) + data[1:], ""
        yield "last bit", data[:-1] + bytes([data[-1] ^ 1]), ""
    elif isinstance(kind, Text):
        yield from _texts(kind, value.encode())
    elif isinstance(kind, Blob):
        yield "longer by a byte", kind.write(value + b"\x00"), "content"
        yield "empty", kind.write(b""), "content"


def _points(kind: GroupElement, data: bytes) -> Iterator[tuple[str, bytes, str]]:
    yield "negated", bytes([data[0] ^ 0x20]) + data[1:], "point-encoding" if data == INFINITY else ""
    yield "another point", (G + G).to_compressed_bytes(), ""
    yield "identity", INFINITY, "" if kind.identity else "point-identity"
    yield "infinity with a sign", bytes([0xE0]) + bytes(47), "point-encoding"
    yield "infinity with a coordinate", bytes([0xC0]) + bytes(46) + b"\x01", "point-encoding"
    yield "infinity not compressed", bytes([0x40]) + bytes(47), "point-encoding"
    yield "not compressed", bytes([data[0] & 0x7F]) + data[1:], "point-encoding"
    yield "of order three", ORDER_THREE, "point-subgroup"
    yield "not on the curve", NOT_ON_CURVE, "point-encoding"
    yield "coordinate not reduced", BEYOND_PRIME, "point-encoding"


def _texts(kind: Text, data: bytes) -> Iterator[tuple[str, bytes, str]]:
    yield "longer", bytes([len(data) + 1]) + data + b"0", ""
    yield "too long", bytes([65]) + b"a" * 65, "bad-text"
    if data:
        yield "with a space", bytes([len(data)]) + b" " + data[1:], "bad-text"
        yield "with a byte above ASCII", bytes([len(data)]) + data[:-1] + b"\xe9", "bad-text"
    if kind.least:
        yield "empty", b"\x00", "bad-text"


def mutations(framed: Framed) -> Iterator[Mutation]:
    """Framed bytes with one thing changed: each field, each boundary, the frame itself."""
    body = framed.body()
    head = framed.encode()[:5]

    def frame(changed: bytes) -> bytes:
        return head + len(changed).to_bytes(4, "big") + changed

    for place in places(framed):
        for name, data, reason in replacements(place):
            if data != body[place.start : place.end]:
                yield Mutation(name, place.path, frame(body[: place.start] + data + body[place.end :]), reason)
        if place.start:
            yield Mutation("body ends before it", place.path, frame(body[: place.start]), "truncated")
    whole = framed.encode()
    longer = "trailing-bytes" if len(body) < framed.LIMIT else "too-large"
    yield Mutation("a byte more in the body", "frame", frame(body + b"\x00"), longer)
    yield Mutation("a byte more after it", "frame", whole + b"\x00", "")
    yield Mutation("a byte less", "frame", whole[:-1], "")
    yield Mutation("length plus one", "frame", whole[:5] + (len(body) + 1).to_bytes(4, "big") + body, "")
    yield Mutation("length of all ones", "frame", whole[:5] + b"\xff" * 4 + body, "too-large")
    yield Mutation("magic", "frame", b"EQP2" + whole[4:], "bad-magic")
    yield Mutation("type", "frame", whole[:4] + b"\x63" + whole[5:], "bad-type")
