"""Hashes with a purpose: every one is SHA256(len(tag) || tag || data), no two share a tag."""

from __future__ import annotations

from hashlib import sha256

ZERO32 = bytes(32)


def vec8(data: bytes) -> bytes:
    """One length byte, then the data (at most 255 bytes)."""
    return len(data).to_bytes(1, "big") + data


def vec16(data: bytes) -> bytes:
    """Two length bytes, then the data."""
    return len(data).to_bytes(2, "big") + data


def tagged(tag: bytes, data: bytes) -> bytes:
    """H(tag, data) of SPEC.md, section 1: 32 bytes."""
    return sha256(vec8(tag) + data).digest()


def u8(x: int) -> bytes:
    """One byte."""
    return x.to_bytes(1, "big")


def u16(x: int) -> bytes:
    """Two bytes, big-endian."""
    return x.to_bytes(2, "big")


def i16(x: int) -> bytes:
    """Two bytes, big-endian, two's complement."""
    return x.to_bytes(2, "big", signed=True)


def u32(x: int) -> bytes:
    """Four bytes, big-endian."""
    return x.to_bytes(4, "big")


def u64(x: int) -> bytes:
    """Eight bytes, big-endian."""
    return x.to_bytes(8, "big")
