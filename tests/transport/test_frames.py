"""Answers read into the memory that they stay in, beside what asyncio's own streams and BytesIO give."""

import asyncio
import io
import resource
import ssl
from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiokafka.protocol.fetch import FetchRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from equipoise.streams.transport import frames
from equipoise.streams.transport.frames import SMALL, Frame, FrameProtocol, FrameReader

SIZES = st.sampled_from([0, 1, 4, 1_000, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL, 500_003])


def pair() -> tuple[FrameReader, FrameProtocol]:
    loop = asyncio.get_running_loop()
    reader = FrameReader(SMALL, loop)
    return reader, FrameProtocol(loop.create_future(), reader, loop=loop)


class Paused:
    """A transport that only remembers whether it is to read."""

    reading = True

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return False

    def get_extra_info(self, name):
        return None


def receive(protocol: FrameProtocol, data: memoryview) -> int:
    room = protocol.get_buffer(-1)
    count = min(len(room), len(data))
    room[:count] = data[:count]
    protocol.buffer_updated(count)
    return count


async def framed(reader: FrameReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    return bytes(await reader.readexactly(size))


def message(size: int, seed: int) -> bytes:
    return (seed.to_bytes(3, "big") * (size // 3 + 1))[:size]


@given(st.lists(SIZES, max_size=6), st.lists(st.integers(997, 2 * SMALL), min_size=1, max_size=5))
def test_any_answers_in_any_pieces_come_back(sizes, pieces):
    async def read():
        reader, protocol = pair()
        transport = Paused()
        protocol.connection_made(transport)
        told = [message(size, number) for number, size in enumerate(sizes)]
        sent = memoryview(b"".join(len(one).to_bytes(4, "big") + one for one in told))

        async def send():
            at = turn = 0
            while at < len(sent):
                if transport.reading:
                    at += receive(protocol, sent[at : at + pieces[turn % len(pieces)]])
                    turn += 1
                if turn % 3:  # sometimes more comes before the reader had its turn
                    await asyncio.sleep(0)
                if not transport.reading:
                    await asyncio.sleep(0)
            protocol.eof_received()

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(send())
            found = [await framed(reader) for _ in told]
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(4)
        assert found == told

    asyncio.run(read())


def test_a_large_answer_is_one_view_that_cannot_be_written():
    async def read():
        reader, protocol = pair()
        asked = asyncio.ensure_future(reader.readexactly(2 * SMALL))
        await asyncio.sleep(0)
        assert receive(protocol, memoryview(bytes(3 * SMALL))) == 2 * SMALL  # not a byte of what follows
        found = await asked
        assert isinstance(found, memoryview)
        assert found.readonly

    asyncio.run(read())


@pytest.mark.parametrize("come", [0, 10, SMALL + 5])
def test_an_end_within_a_large_answer_is_told_with_what_came(come):
    async def read():
        reader, protocol = pair()
        asked = asyncio.ensure_future(reader.readexactly(2 * SMALL))
        await asyncio.sleep(0)
        sent = memoryview(message(come, 7))
        while sent:
            sent = sent[receive(protocol, sent) :]
        protocol.connection_lost(None)
        with pytest.raises(asyncio.IncompleteReadError) as told:
            await asked
        assert told.value.partial == message(come, 7)
        assert told.value.expected == 2 * SMALL

    asyncio.run(read())


def test_a_cut_within_a_large_answer_is_the_reader_s_error():
    async def read():
        reader, protocol = pair()
        asked = asyncio.ensure_future(reader.readexactly(2 * SMALL))
        await asyncio.sleep(0)
        protocol.connection_lost(ConnectionResetError("cut"))
        with pytest.raises(ConnectionResetError, match="cut"):
            await asked
        with pytest.raises(ConnectionResetError, match="cut"):
            await reader.readexactly(2 * SMALL)

    asyncio.run(read())


def test_who_gives_up_waiting_leaves_the_stream_in_order():
    async def read():
        reader, protocol = pair()
        asked = asyncio.ensure_future(reader.readexactly(2 * SMALL))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.sleep(0)
        receive(protocol, memoryview(b"next"))
        assert await reader.readexactly(4) == b"next"

    asyncio.run(read())


def test_what_nobody_reads_stops_the_transport():
    async def read():
        _reader, protocol = pair()
        transport = Paused()
        protocol.connection_made(transport)
        received = 0
        while transport.reading and received < 100 * SMALL:
            received += receive(protocol, memoryview(bytes(SMALL)))
        assert received <= 4 * SMALL

    asyncio.run(read())


def test_what_comes_for_a_connection_that_is_gone_is_dropped():
    async def read():
        reader, protocol = pair()
        del reader
        assert receive(protocol, memoryview(bytes(10))) == 10

    asyncio.run(read())


def test_a_size_that_lies_takes_no_memory():
    async def read():
        reader, protocol = pair()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        asked = asyncio.ensure_future(reader.readexactly((1 << 31) - 1))
        await asyncio.sleep(0)
        receive(protocol, memoryview(bytes(SMALL)))
        protocol.connection_lost(None)
        with pytest.raises(asyncio.IncompleteReadError):
            await asked
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KB

    asyncio.run(read())


@given(st.lists(st.sampled_from([0, 1, 8, SMALL, SMALL + 1, 5 * SMALL]), max_size=8))
def test_a_frame_reads_as_bytes_do(counts):
    data = message(4 * SMALL, 9)
    frame, plain = Frame(memoryview(data)), io.BytesIO(data)
    for count in counts:
        found, wanted = frame.read(count), plain.read(count)
        assert bytes(found) == wanted
        assert isinstance(found, bytes) == (count <= SMALL)


@pytest.mark.parametrize(("key", "kind"), [(FetchRequest.API_KEY, memoryview), (14, bytes)])
def test_only_fetches_get_views(key, kind):
    """Of all others, such as an assignment, aiokafka asks whether it has bytes."""
    read = []
    answer = SimpleNamespace(decode=lambda data: read.append(data.read(2 * SMALL)))
    header = SimpleNamespace(correlation_id=5)
    request = SimpleNamespace(API_KEY=key, RESPONSE_TYPE=answer, parse_response_header=lambda data: header)

    async def handle():
        create = frames.client_class()._get_conn.__globals__["create_conn"]
        made = create.__globals__["AIOKafkaConnection"]("127.0.0.1", 9)
        made._requests = deque([(5, request, asyncio.get_running_loop().create_future())])
        made._handle_frame(memoryview(bytes(3 * SMALL)))
        assert not made._requests

    asyncio.run(handle())
    assert [type(one) for one in read] == [kind]


@pytest.fixture
def tls(tmp_path):
    """Contexts of a server and of a client that trusts it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("here")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, kind, serialization.NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return server, ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))


@pytest.mark.parametrize("secure", [False, True])
def test_over_a_socket_with_and_without_tls(tls, secure):
    told = [message(size, size) for size in (3, SMALL + 1, 5, 3_000_001, SMALL, 900_000)]

    async def serve(_, writer):
        for one in told:
            writer.write(len(one).to_bytes(4, "big") + one)
            await writer.drain()
        writer.close()

    async def read():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls[0] if secure else None)
        reader, protocol = pair()
        named = {"ssl": tls[1], "server_hostname": "here"} if secure else {}
        async with asyncio.timeout(30):
            port = server.sockets[0].getsockname()[1]
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: protocol, "127.0.0.1", port, **named
            )
            found = [await framed(reader) for _ in told]
        transport.close()
        server.close()
        assert found == told

    asyncio.run(read())
