"""Bare fetch without a client: Kafka's Fetch request over a plain socket, 8 MB at a time, into one buffer.

Records are counted by the headers of their batches. What the machine can do, and no client does.
usage: python -m benchmarks.fetch_socket BOOTSTRAP IN OUT RECORDS EVERY MODE
"""

import socket
from struct import Struct, pack, unpack_from
from typing import Final

from benchmarks.peers.common import Marks, job
from benchmarks.writer import text

_HEAD: Final = Struct(">ihhi")
_FETCH_BYTES: Final = 8 << 20
_COUNT_AT: Final = 57


class Fetcher:
    """One connection to the leader of partition 0 of a topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._topic = text(topic)
        self._buffer = bytearray(2 * _FETCH_BYTES)
        self._number = 0

    def send(self, offset: int) -> None:
        """Ask for what lies from `offset` on."""
        self._number += 1
        # replica, wait ms, least, most, isolation, no session; one topic, one partition; nothing forgotten
        body = text("equipoise-bench") + pack(">iiiibii", -1, 500, 1, _FETCH_BYTES, 0, 0, -1)
        body += pack(">i", 1) + self._topic + pack(">iiiqqi", 1, 0, -1, offset, -1, _FETCH_BYTES) + pack(">i", 0)
        self._socket.sendall(_HEAD.pack(len(body) + 8, 1, 10, self._number) + body)

    def receive(self) -> memoryview:
        """The batches of the answer, valid until the next call. Raises RuntimeError naming the broker's code."""
        view = memoryview(self._buffer)
        self._fill(view[:4])
        size = int.from_bytes(view[:4], "big")
        if size > len(self._buffer):
            self._buffer = bytearray(2 * size)
            view = memoryview(self._buffer)
        self._fill(view[:size])
        at = 4 + 4 + 2 + 4 + 4 + len(self._topic) + 4 + 4
        (code,) = unpack_from(">h", view, at)
        if code:
            raise RuntimeError(f"the broker answered a fetch with code {code}")
        at += 2 + 8 + 8 + 8
        (aborted,) = unpack_from(">i", view, at)
        at += 4 + 16 * max(aborted, 0)
        (length,) = unpack_from(">i", view, at)
        return view[at + 4 : at + 4 + length]

    def _fill(self, view: memoryview) -> None:
        at = 0
        while at < len(view):
            got = self._socket.recv_into(view[at:])
            if not got:
                raise RuntimeError("the broker closed the connection")
            at += got


def whole_batches(data: memoryview) -> tuple[int, int]:
    """Records in the whole batches of an answer, and the offset behind them (0 where there is none)."""
    at = records = end = 0
    while at + 61 <= len(data):
        base, size = unpack_from(">qi", data, at)
        if at + 12 + size > len(data):
            break
        records += unpack_from(">i", data, at + _COUNT_AT)[0]
        end = base + unpack_from(">i", data, at + 23)[0] + 1
        at += 12 + size
    return records, end


def main() -> None:
    """Fetch so many records; one request at a time."""
    asked = job()
    marks, fetcher = Marks(asked.every), Fetcher(asked.bootstrap, asked.source)
    offset = 0
    while marks.count < asked.records:
        fetcher.send(offset)
        records, end = whole_batches(fetcher.receive())
        offset = end or offset
        marks.add(records)


if __name__ == "__main__":
    main()
