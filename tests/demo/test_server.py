"""The page is served on loopback, whole, and can load nothing from elsewhere."""

import asyncio
import json
import re
from importlib.resources import files

import aiohttp
import pytest

from equipoise.streams.web.server import FILES, PageServer
from equipoise.streams.web.view import Board
from tests.demo.records import START_NS, market

KEY = "SIM:BTC-USD"


def serve(check) -> None:
    async def run() -> None:
        board = Board("x", [KEY])
        for signal in market(5):
            board.spread(signal)
        server = PageServer(lambda key, since: board.view(key, START_NS + 5 * 10**9, since), period_s=0.02)
        await server.start()
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
                await check(session, server)
        finally:
            await asyncio.wait_for(server.stop(), 5)

    asyncio.run(run())


def test_every_file_has_the_policy() -> None:
    async def check(session, server) -> None:
        assert server.url.startswith("http://127.0.0.1:")
        for path, (_, kind) in FILES.items():
            async with session.get(server.url.rstrip("/") + path) as response:
                assert response.status == 200
                assert response.content_type == kind
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "http" not in policy
        async with session.get(server.url + "../server.py") as response:
            assert response.status == 404

    serve(check)


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for path, (name, _) in FILES.items():
        text = files("equipoise.streams.web").joinpath("static", name).read_text("utf-8")
        assert not re.search(r"(?:src|href|url\(|import|from)\s*[=(\"' ]+\s*(?:https?:)?//", text), path
    page = files("equipoise.streams.web").joinpath("static", "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page)


def test_the_stream_sends_views_and_only_new_points() -> None:
    async def check(session, server) -> None:
        async with session.get(server.url + "events", params={"instrument": KEY}) as response:
            assert response.content_type == "text/event-stream"
            views = []
            while len(views) < 3:
                line = await response.content.readline()
                if line.startswith(b"data: "):
                    views.append(json.loads(line[6:]))
        assert len(views[0]["points"]) == 50
        assert [len(view["points"]) for view in views[1:]] == [1, 1]
        assert views[0]["instrument"] == KEY

    serve(check)


def test_other_names_are_refused() -> None:
    async def check(session, server) -> None:
        for host, status in {"evil.example": 403, "localhost:1": 200, "[::1]:80": 200}.items():
            async with session.get(server.url, headers={"Host": host}) as response:
                assert response.status == status, host

    serve(check)


def test_a_taken_port_is_an_error() -> None:
    async def check(_session, server) -> None:
        second = PageServer(lambda *_: {}, port=int(server.url.rstrip("/").rpartition(":")[2]))
        with pytest.raises(OSError, match="address"):
            await second.start()
        await second.stop()

    serve(check)


def test_stopping_ends_open_streams() -> None:
    async def check(session, server) -> None:
        response = await session.get(server.url + "events")
        await response.content.readline()
        await asyncio.wait_for(server.stop(), 3)
        await response.content.read()  # ends

    serve(check)
