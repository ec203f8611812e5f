"""The page: a few local files and one stream of views, on loopback only.

Nothing is loaded from elsewhere and nothing can be: the Content-Security-Policy allows this origin
alone. A request whose Host is not a loopback name is refused, so that a page elsewhere cannot read the
stream through a name of its own that resolves to 127.0.0.1.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

PERIOD_S: Final = 0.2
FILES: Final = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/chart.js": ("chart.js", "text/javascript"),
    "/panels.js": ("panels.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

# (instrument or "", number of the first chart point that is wanted) → a view with "next" and "points"
Provider = Callable[[str, int], dict[str, Any]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves the page while `start`ed; `url` says where."""

    def __init__(self, provider: Provider, port: int = 0, period_s: float = PERIOD_S) -> None:
        self._provider = provider
        self._period_s = period_s
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._port}/"

    async def start(self) -> None:
        """Listen on 127.0.0.1. Raises OSError if the port is taken."""
        app = web.Application(middlewares=[_guard])
        for path in FILES:
            app.router.add_get(path, _file)
        app.router.add_get("/events", self._events)
        app.on_shutdown.append(self._shut)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End every stream and stop listening."""
        if self._runner:
            self._closing.set()
            await self._runner.cleanup()

    async def _shut(self, _: web.Application) -> None:
        self._closing.set()

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        instrument, since = request.query.get("instrument", ""), 0
        try:
            while not self._closing.is_set():
                view = self._provider(instrument, since)
                since = view["next"]
                await response.write(b"data: " + json.dumps(view, separators=(",", ":")).encode() + b"\n\n")
                await self._pause()
        except (ConnectionResetError, asyncio.CancelledError):
            pass  # the reader went away
        return response

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), self._period_s)
        except TimeoutError:
            return


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.headers.get("Host", "")
    name = host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
    if name not in LOOPBACK:
        return web.Response(status=403, text="this page answers on loopback names only\n", headers=HEADERS)
    return await handler(request)


async def _file(request: web.Request) -> web.Response:
    name, kind = FILES[request.path]
    body = files("equipoise.streams.web").joinpath("static", name).read_bytes()
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=HEADERS)
