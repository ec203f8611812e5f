"""Made-up headers, field by field from the specification: mostly in bounds, each field sometimes just outside."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
TEXTS = (b"", b"a", b"a" * 64, b"a" * 65, b"a b", b"\x7f", b"~!")
INSTRUMENTS = (b":", b"A:", b":B", b"AB", b"A:B:C", b"", b"a" * 63 + b":", b"A:\xc3")
LOTS = (
    *(b"0", b"0.1", b"0.10", b"0.0", b"00", b"01", b"1.", b".5", b"1e3", b"10", b"100.001", b"0.", b"+1", b"-1"),
    *(b"1.5.5", b"0.00000001", b"1" * 64, b"\xb2"),
)


def u(size: int, value: int) -> bytes:
    return (value % (1 << 8 * size)).to_bytes(size, "big")


def text(data: bytes) -> bytes:
    return bytes([len(data)]) + data


class Maker:
    """Draws bodies of headers (SPEC.md, section 3)."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pick(self, good: Sequence[T], bad: Sequence[T], much: float = 0.96) -> T:
        return self.rng.choice(good if self.rng.random() < much else bad)

    def body(self) -> bytes:
        rng = self.rng
        threshold, traders = rng.random() < 0.5, rng.random() < 0.3
        data = self.names() + self.window() + u(1, self.pick([traders], [2])) + u(1, self.pick([threshold], [2]))
        data += u(1, self.pick([0, 1], [2])) + u(8, self.pick([0, 2**63 - 1], [2**63])) + u(8, self.pick([0], [-1]))
        data += bytes(32) + u(2, 5) + u(4, self.pick([1, 10**6], [0, 10**6 + 1])) + bytes(32)
        data += u(1, self.pick([32, 64], [0, 33, 255])) + u(4, self.pick([1, 2**20], [0, 2**20 + 1]))
        data += self.bands(threshold)
        data += u(4, self.pick([0, 5, 2**20], [2**20 + 1]) if traders else self.pick([0], [1])) + self.lanes(traders)
        return data[: rng.randrange(len(data))] if rng.random() < 0.03 else data + b"x" * (rng.random() < 0.03)

    def names(self) -> bytes:
        stream, cluster = (text(self.pick([b"s", b"vectors/1"], TEXTS)) for _ in range(2))
        lot = text(self.pick([b"1"], LOTS, 0.6))
        return u(2, self.pick([1], [0, 2])) + stream + text(self.pick([b"A:B"], INSTRUMENTS)) + lot + cluster

    def window(self) -> bytes:
        start = self.rng.choice([0, 1, 2**62])
        end = self.pick([start + 1, 2**63 - 1], [0, start, 2**63, 2**64 - 1])
        return u(8, start) + u(8, end) + u(4, self.rng.choice([0, 1, 2**32 - 1]))

    def bands(self, threshold: bool) -> bytes:
        q = self.pick([1, 10, 1024], [0, 1025, 65535]) if threshold else self.pick([0], [1])
        good = [[-q, q + 1], [-q, 0, q + 1], [-q, -1, 1, q + 1]] if threshold else [[]]
        edges = self.pick(good, [[], [-q], [-q, q], [q + 1, -q], [-q, 0, 0, q + 1], [0], [1, 2], [-q, *range(40)]], 0.9)
        least = self.pick([1, 2**52], [0, 2**52 + 1]) if threshold else self.pick([0], [1, 2**53])
        return u(8, least) + u(2, q) + u(1, len(edges)) + b"".join(u(2, edge) for edge in edges)

    def lanes(self, traders: bool) -> bytes:
        out = []
        for index in range(self.pick([0, 1, 2], [3, 64, 65])):
            first = self.rng.choice([0, 5, 2**64 - 1])
            last = self.pick([first, 2**64 - 1], [0, 7])
            leaves = self.pick([0] if traders else [0, 1, 2], [2**19, 2**20, 2**32 - 1])
            place = bytes(15) + bytes([self.pick([index], [0])]) + u(4, self.rng.choice([0, 1, 2**32 - 1]))
            out.append(place + u(8, first) + u(8, last) + u(4, leaves))
        return u(1, len(out)) + b"".join(out)
