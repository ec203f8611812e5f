"""How client and prover talk: ``u32 length || u64 id || u8 kind || body`` over two pipes.

client   ──►  KEY (once)  ATTEST  PROVE  RECEIPT  STATUS
prover   ◄──  DONE        BUSY    REFUSED          (one answer for each id, in any order)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from equipoise.proofs.errors import Malformed

KEY, ATTEST, PROVE, RECEIPT, STATUS = 1, 2, 3, 4, 5
DONE, BUSY, REFUSED = 100, 101, 102
MAX_MESSAGE = 1 << 28


@dataclass(frozen=True)
class Message:
    """One message of either side."""

    id: int
    kind: int
    body: bytes

    def encode(self) -> bytes:
        """The framed bytes."""
        return (9 + len(self.body)).to_bytes(4, "big") + self.id.to_bytes(8, "big") + bytes([self.kind]) + self.body


def read_message(stream: BinaryIO) -> Message | None:
    """The next message, None at the stream's end; Malformed if it is cut or too large."""
    head = stream.read(4)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if len(head) < 4 or size < 9:
        raise Malformed("truncated", "message.length", f"{size}, at least 9")
    if size > MAX_MESSAGE:
        raise Malformed("too-large", "message.length", f"{size} bytes, at most {MAX_MESSAGE}")
    data = stream.read(size)
    if len(data) < size:
        raise Malformed("truncated", "message", f"{size} bytes announced, {len(data)} came")
    return Message(int.from_bytes(data[:8], "big"), data[8], data[9:])
