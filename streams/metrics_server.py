"""Serves the metrics over HTTP: loopback only, unless a host is given."""

import logging
from collections.abc import Callable

from aiohttp import web

from equipoise.streams.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)


class MetricsServer:
    """`/metrics` for Prometheus, and `/health`, while started."""

    def __init__(self, text: Callable[[], str], host: str, port: int) -> None:
        self._text = text
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; at any free port where ours is taken, as another worker's on the same machine. Raises OSError."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/health", self._health)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self.port).start()
        except OSError as why:
            if self.port == 0:
                raise
            log.warning("metrics.port %d: %s; using any free one", self.port, why.strerror)
            await web.TCPSite(self._runner, self._host, 0).start()
        self.port = self._runner.addresses[0][1]
        log.info("metrics at http://%s:%d/metrics", self._host, self.port)

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=self._text(), headers={"Content-Type": CONTENT_TYPE})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="the loop turns\n")
