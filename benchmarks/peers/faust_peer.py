"""Stock Faust: an agent over events, or over `take`. usage: faust_peer.py BOOTSTRAP IN OUT RECORDS EVERY agent|take

The sums are in a plain dictionary: Faust's own windowed tables cost several times as much.
"""

import os
import signal

import faust
from common import Marks, OneWindow, job, read

_job = job()
app = faust.App(
    _job.sink,
    broker=f"kafka://{_job.bootstrap}",
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=1.0,
    consumer_max_fetch_size=8 << 20,
    stream_buffer_maxsize=16_384,
    topic_disable_leader=True,
    web_enabled=False,
)
_orders = app.topic(_job.source, key_serializer="raw", value_serializer="raw")
_closed = app.topic(_job.sink, key_serializer="raw", value_serializer="raw")
_marks = Marks(_job.every)
_window = OneWindow()


async def _take(key: bytes, value: bytes) -> None:
    for name, done in _window.add(key, *read(value)):
        await _closed.send(key=name, value=done)
    if _marks.add() == _job.records:
        os.kill(os.getpid(), signal.SIGTERM)


if _job.mode == "agent":

    @app.agent(_orders)
    async def one(stream: faust.Stream) -> None:
        """Event by event."""
        async for event in stream.events():
            await _take(event.key, event.value)

else:

    @app.agent(_orders)
    async def many(stream: faust.Stream) -> None:
        """5,000 at a time."""
        async for events in stream.take_events(5_000, within=0.2):
            for event in events:
                await _take(event.key, event.value)


if __name__ == "__main__":
    faust.Worker(app, loglevel="warn").execute_from_commandline()
