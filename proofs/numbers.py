"""Integers as bytes, and how an error may name one that does not fit."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from equipoise.proofs.errors import LimitExceeded


def written(value: int, size: int, low: int, high: int, signed: bool = False) -> bytes:
    """``size`` big-endian bytes; LimitExceeded saying low..high where they cannot hold the value."""
    try:
        return value.to_bytes(size, "big", signed=signed)
    except OverflowError:
        raise LimitExceeded(f"must be in {low}..{high}") from None


def public(record: Any, name: str) -> str:
    """`` = value`` of a dataclass's integer, or nothing: what the repr leaves out is secret."""
    value = getattr(record, name)
    if not isinstance(value, int) or not any(field.name == name and field.repr for field in fields(record)):
        return ""
    # Python refuses to write very long ones
    return f" = {value}" if value.bit_length() <= 128 else f" = a number of {value.bit_length()} bits"
