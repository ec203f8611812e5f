"""Brokers' answers, read from the socket into the memory that they stay in.

asyncio's streams and aiokafka copy each byte of a fetch four times on its way (received, gathered, taken out, cut to
its partition), each time into new memory: most of what a fetch costs. Here a large answer is one allocation that the
socket is read into, and a partition's batches are a view of it. Small answers go as ever.

As in `seam`, functions of aiokafka are copied with other globals, for our consumer only.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from aiokafka import client, conn
from aiokafka.protocol.fetch import FetchRequest

from equipoise.streams.transport.rebound import SeamError, rebound

SMALL: Final = 1 << 16  # bytes: answers up to here are gathered by asyncio
_OF_STREAMS: Final = ("_buffer", "_eof", "_exception", "_wait_for_data", "_maybe_resume_transport")


class FrameReader(asyncio.StreamReader):
    """A stream whose large reads end in one piece of memory, which nobody else has."""

    _buffer: bytearray  # asyncio's own, as the next five are
    _eof: bool
    _exception: BaseException | None
    _wait_for_data: Callable[[str], Awaitable[None]]
    _wakeup_waiter: Callable[[], None]
    _maybe_resume_transport: Callable[[], None]

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self._staged = memoryview(bytearray(SMALL))
        self._rest: memoryview | None = None  # of the large read that is being waited for, what is still to come

    def space(self) -> memoryview:
        """Where the next bytes belong; never empty."""
        return self._staged if self._rest is None else self._rest

    def filled(self, count: int) -> None:
        """So many bytes are in `space`."""
        if self._rest is None:
            self.feed_data(self._staged[:count])
            return
        self._rest = self._rest[count:] or None
        if self._rest is None:
            self._wakeup_waiter()

    async def readexactly(self, n: int) -> Any:
        """So many bytes; where they are many, a view that cannot be written.

        Raises:
            asyncio.IncompleteReadError: the connection ended before.
        """
        if n <= SMALL:
            return await super().readexactly(n)
        if self._exception is not None:
            raise self._exception
        frame = np.empty(n, np.uint8).data  # takes memory only as far as it is written: a size may lie
        come = min(len(self._buffer), n)
        frame[:come] = self._buffer[:come]
        del self._buffer[:come]
        self._maybe_resume_transport()
        self._rest = frame[come:] or None
        try:
            while self._rest is not None:
                if self._eof:
                    raise asyncio.IncompleteReadError(bytes(frame[: n - len(self._rest)]), n)
                await self._wait_for_data("readexactly")
        finally:
            self._rest = None
        return frame.toreadonly()


class FrameProtocol(conn.AIOKafkaProtocol, asyncio.BufferedProtocol):  # type: ignore[misc]
    """aiokafka's protocol, for a FrameReader: the loop receives into its space."""

    def __init__(self, closed: Any, reader: FrameReader, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(closed, reader, loop=loop)
        self._frames = weakref.ref(reader)

    def get_buffer(self, _hint: int) -> memoryview:
        """Room for what comes next; what comes for nobody is dropped."""
        reader = self._frames()
        return memoryview(bytearray(SMALL)) if reader is None else reader.space()

    def buffer_updated(self, count: int) -> None:
        """So much came."""
        reader = self._frames()
        if reader is not None:
            reader.filled(count)


class Frame:
    """A large answer as aiokafka's decoders read it: like a BytesIO, but large pieces are views."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def read(self, count: int) -> bytes | memoryview:
        """The next bytes, fewer at the end."""
        at = self._at
        piece = self._data[at : at + count]
        self._at = at + len(piece)
        return piece if count > SMALL else bytes(piece)


def _opened(answer: bytes | memoryview) -> BytesIO | Frame:
    return Frame(answer) if isinstance(answer, memoryview) else BytesIO(answer)


def client_class() -> type[client.AIOKafkaClient]:
    """A client class whose connections read so.

    Raises:
        SeamError: this version of aiokafka or asyncio does not fit.
    """
    kind = conn.AIOKafkaConnection
    used = asyncio.StreamReader.readexactly.__code__.co_names
    missing = [name for name in _OF_STREAMS if name not in used]
    if missing:
        raise SeamError(f"asyncio.StreamReader.readexactly does not use {', '.join(missing)}")
    handle = rebound(kind._handle_frame, io=SimpleNamespace(BytesIO=_opened))

    def handle_frame(self: Any, answer: bytes | memoryview) -> None:
        _, request, _ = self._requests[0]
        fetched = request is not None and request.API_KEY == FetchRequest.API_KEY
        handle(self, answer if fetched else bytes(answer))

    streams = SimpleNamespace(StreamReader=FrameReader, StreamWriter=asyncio.StreamWriter)
    members = {
        "connect": rebound(kind.connect, asyncio=streams, AIOKafkaProtocol=FrameProtocol),
        "_handle_frame": handle_frame,
    }
    create = rebound(conn.create_conn, AIOKafkaConnection=type("FrameConnection", (kind,), members))
    methods = ("bootstrap", "_get_conn")
    connects = {name: rebound(getattr(client.AIOKafkaClient, name), create_conn=create) for name in methods}
    return type("FrameClient", (client.AIOKafkaClient,), connects)
