"""The hash of everything outside the Merkle trees: H(tag, x) = SHA256(vec8(tag) || x) (SPEC section 1)."""

from __future__ import annotations

from hashlib import sha256


def vec8(data: bytes) -> bytes:
    """One length byte, then the data (at most 255 bytes)."""
    return bytes([len(data)]) + data


def vec16(data: bytes) -> bytes:
    """Two length bytes, big-endian, then the data."""
    return len(data).to_bytes(2, "big") + data


def digest(tag: bytes, data: bytes) -> bytes:
    """H(tag, data), 32 bytes."""
    return sha256(vec8(tag) + data).digest()
