"""Where the publisher's blindings come from: a PRF of what they blind.

    PRF(purpose, x) = HMAC-SHA-512(secret, len(purpose) || purpose || x)

The input of a leaf's blinding contains the digest of the leaf's content, the window and its
revision. So a window that is computed again gives the same bytes, and a changed order, a
revision or another window gives another blinding: no blinding ever serves two contents,
whatever crashes in between. (Had the blinding depended on the offset alone, the difference
of two commitments would open the change by a search over quantities.)

Nonces of asynchronous proofs must never repeat either; they are hedged: secret, statement
and fresh randomness are all hashed, so one working source out of the three is enough.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from equipoise.proofs.digest import u32, u64, vec8
from equipoise.proofs.group import ORDER

Random = Callable[[int], bytes]


@dataclass(frozen=True)
class BlindingKey:
    """The 32-byte secret of the PRF; its repr shows nothing."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != 32:
            raise ValueError(f"blinding secret: {len(self.secret)} bytes, must be 32")

    def prf(self, purpose: bytes, data: bytes) -> bytes:
        """64 pseudorandom bytes."""
        return hmac.digest(self.secret, vec8(purpose) + data, "sha512")

    def scalar(self, purpose: bytes, data: bytes) -> int:
        """A scalar; its distance from uniform is below 2**-256."""
        return int.from_bytes(self.prf(purpose, data), "big") % ORDER

    def nonces(self, purpose: bytes, statement: bytes, random: Random = secrets.token_bytes) -> Nonces:
        """A fresh supply of hedged nonces for one proof."""
        return Nonces(self, purpose + b"/" + statement + random(32))


class Nonces:
    """Scalars for one proof; each call gives the next."""

    def __init__(self, key: BlindingKey, seed: bytes) -> None:
        self._key, self._seed, self._count = key, seed, 0

    def next(self) -> int:
        """The next nonce, in 0..r-1."""
        self._count += 1
        return self._key.scalar(b"nonce", self._seed + u32(self._count))


def scope(stream_id: bytes, window_start: int, window_end: int, revision: int) -> bytes:
    """The part of every PRF input that names the window and its revision."""
    return stream_id + u64(window_start) + u64(window_end) + u32(revision)
