"""A TCP proxy before every broker, which delays, holds, cuts and resets what goes through.

Clients follow the addresses that brokers give in their answers, so the proxy writes its own ports over them. The
lengths stay the same, and no record batch holds an address, so no checksum breaks.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Self


class Proxy:
    """Runs in a thread of its own; use it as a context. Everything public may be called from any thread."""

    def __init__(self, brokers: list[tuple[str, int]]) -> None:
        self._brokers = brokers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._delay_s = 0.0
        self._rewrites: list[tuple[bytes, bytes]] = []
        self.ports: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def bootstrap(self) -> str:
        """What a client behind the proxy gives as bootstrap.servers."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def delay(self, seconds: float) -> None:
        """Everything takes so much longer from now on."""
        self._delay_s = seconds

    def hold(self, held: bool) -> None:
        """Let nothing through, without closing anything; or go on."""
        self._loop.call_soon_threadsafe(self._flowing.clear if held else self._flowing.set)

    def cut(self, reset: bool) -> None:
        """Close every connection, with a reset or without."""
        self._loop.call_soon_threadsafe(self._cut, reset)

    def calm(self) -> None:
        """No more faults."""
        self.delay(0.0)
        self.hold(False)

    async def _start(self) -> None:
        self._flowing.set()
        for host, port in self._brokers:
            server = await asyncio.start_server(self._connected(host, port), "127.0.0.1", 0)
            self.ports.append(server.sockets[0].getsockname()[1])
        for (_, theirs), ours in zip(self._brokers, self.ports, strict=True):
            for host in (b"localhost", b"127.0.0.1"):
                self._rewrites.append((host + struct.pack(">i", theirs), host + struct.pack(">i", ours)))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, host: str, port: int):  # type: ignore[no-untyped-def]
        async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                broker_reader, broker_writer = await asyncio.open_connection(host, port)
            except OSError:
                writer.close()
                return
            ends = {writer, broker_writer}
            self._open |= ends
            pumps = {
                asyncio.create_task(self._requests(reader, broker_writer)),
                asyncio.create_task(self._answers(broker_reader, writer)),
            }
            self._tasks |= pumps
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._tasks -= pumps
            self._open -= ends
            for end in ends:
                end.close()

        return both_ways

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1 << 16):
            await self._pass(piece, writer)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(head, "big"))
                for theirs, ours in self._rewrites:
                    body = body.replace(theirs, ours)
                await self._pass(head + body, writer)

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        await self._flowing.wait()
        writer.write(piece)
        await writer.drain()

    def _cut(self, reset: bool) -> None:
        for writer in list(self._open):
            if reset and (sock := writer.get_extra_info("socket")):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if reset else writer.close()
