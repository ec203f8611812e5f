"""Ready-made record batches to one partition, byte for byte (Produce, version 7, over one connection).

A client's producer would make batches of its own; the benchmark says how many records each one has.
"""

import socket
from collections import deque
from struct import Struct, unpack_from
from types import TracebackType
from typing import Final, Self

_HEAD: Final = Struct(">ihhi")  # size, api key, api version, correlation id
_IN_FLIGHT: Final = 4
_CLIENT: Final = "equipoise-bench"


class BrokerRefusedError(RuntimeError):
    """The broker answered a batch with an error code."""


def text(value: str) -> bytes:
    """A string of Kafka's protocol."""
    return len(value).to_bytes(2, "big") + value.encode()


class BatchWriter:
    """One connection to a broker that leads partition 0 of the topic."""

    def __init__(self, bootstrap: str, topic: str, acks: int = -1) -> None:
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._topic = text(topic)
        self._front = text(_CLIENT) + b"\xff\xff" + acks.to_bytes(2, "big", signed=True) + (30_000).to_bytes(4, "big")
        self._waiting: deque[int] = deque()
        self._number = 0
        self.end = 0  # offset behind the last acknowledged record

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self.flush()
        self._socket.close()

    def send(self, batch: bytes) -> None:
        """Send a batch; waits for an earlier one's acknowledgement where too many are on their way."""
        one = (1).to_bytes(4, "big")
        body = self._front + one + self._topic + one + bytes(4) + len(batch).to_bytes(4, "big")
        self._number += 1
        self._socket.sendall(_HEAD.pack(len(body) + len(batch) + 8, 0, 7, self._number) + body + batch)
        self._waiting.append(int.from_bytes(batch[57:61], "big"))
        if len(self._waiting) > _IN_FLIGHT:
            self._answer()

    def flush(self) -> None:
        """Wait for all acknowledgements."""
        while self._waiting:
            self._answer()

    def _answer(self) -> None:
        """Raises BrokerRefusedError naming the code."""
        answer = self._exactly(int.from_bytes(self._exactly(4), "big"))
        error, base = unpack_from(">hq", answer, 4 + 4 + len(self._topic) + 4 + 4)
        if error:
            raise BrokerRefusedError(f"{self._topic[2:].decode()}: the broker refused a batch with code {error}")
        self.end = base + self._waiting.popleft()

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise BrokerRefusedError("the broker closed the connection")
            found += part
        return bytes(found)
