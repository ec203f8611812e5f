"""An example of a Faust app of your own on whole record batches: signed volume and count by instrument and second.

    python -m equipoise.streams.example_volume --bootstrap localhost:9092 --orders orders --out volume

What Faust hands the agent is not an order but a batch of thousands, as bytes (`RecordBatch`). A decoder turns them into
columns, and a compiled loop runs over those: that is where the speed comes from. It is to be read and changed.

Delivery is at least once, without a state topic: the offset that is committed is that of the first order of the window
that is still open, and only once the windows before it are acknowledged. After a crash that window is summed again from
its first order, and is sent with the same bytes.
"""

import asyncio
import struct
from pathlib import Path
from typing import Any, Final

import click
import faust
import numba
import numpy as np
from confluent_kafka import Producer
from faust.types import TP
from numpy.typing import NDArray

from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Side
from equipoise.streams.listing import read_instruments
from equipoise.streams.records import RecordBatch
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.transport.driver import Transport

WINDOW_NS: Final = 1_000_000_000
COMMIT_S: Final = 1.0
_EXECUTE, _BID = int(Action.EXECUTE), int(Side.BID)
Integers = NDArray[np.int64]


class Sums:
    """The one open window of a partition: its event time only grows, so a later order closes it."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._totals = np.zeros((len(instruments), 2), np.int64)  # signed lots, orders
        self._end_ns = 0
        self.first_offset = 0  # of the open window's first order

    def add(self, events: Events) -> list[tuple[str, bytes]]:
        """Add orders; returns key and value (start ns, signed lots, count) of each instrument of each closed window."""
        closed: list[tuple[str, bytes]] = []
        row, rows = 0, len(events.offset)
        while row < rows:
            found = _add(row, self._end_ns, events.instrument, events.action, events.side, events.quantity,
                         events.event_ns, self._totals)  # fmt: skip
            if found < rows:
                closed += self._close()
                self._end_ns = (int(events.event_ns[found]) // WINDOW_NS + 1) * WINDOW_NS
                self.first_offset = int(events.offset[found])
            row = found
        return closed

    def _close(self) -> list[tuple[str, bytes]]:
        start_ns, keys = self._end_ns - WINDOW_NS, self._instruments
        seen = np.flatnonzero(self._totals[:, 1])
        pack = struct.Struct(">qqq").pack
        rows = zip(seen.tolist(), self._totals[seen].tolist(), strict=True)
        closed = [(keys[index].key, pack(start_ns, signed, count)) for index, (signed, count) in rows]
        self._totals[:] = 0
        return closed


@numba.njit(cache=True, nogil=True)
def _add(
    row: int,
    end_ns: int,
    instrument: NDArray[np.int32],
    action: NDArray[np.uint8],
    side: NDArray[np.uint8],
    quantity: Integers,
    event_ns: Integers,
    totals: Integers,
) -> int:
    """Add rows until one lies behind the window; returns that row. An execution of a resting bid is a sale."""
    while row < event_ns.size and event_ns[row] < end_ns:
        total = totals[instrument[row]]
        total[1] += 1
        if action[row] == _EXECUTE:
            total[0] += -quantity[row] if side[row] == _BID else quantity[row]
        row += 1
    return row


class Volume:
    """What the agent does with each batch, and when offsets are committed. One partition, to keep it short."""

    def __init__(self, bootstrap: str, out: str, instruments: Instruments) -> None:
        self._decoder = CanonicalDecoder(instruments)
        self._sums = Sums(instruments)
        self._out = out
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True})
        self._place: TP | None = None

    def take(self, batch: RecordBatch) -> None:
        """Decode, add, send what closed. Orders that cannot be read are left out; a worker would dead-letter them."""
        decoded = self._decoder.decode_batch(batch)
        events = decoded.events._replace(offset=batch.offset[np.asarray(decoded.record, np.intp)])
        for key, value in self._sums.add(events):
            self._producer.produce(self._out, value, key)
        self._producer.poll(0)
        self._place = TP(batch.topic, batch.partition)

    async def commit(self, app: faust.App) -> None:
        """Everything sent is there; from the open window's first order on, we would begin again."""
        place, offset = self._place, self._sums.first_offset
        if place is None:
            return
        await asyncio.to_thread(self._producer.flush)
        if place in app.consumer.assignment():
            consumer: Any = app.consumer
            await consumer._commit({place: offset})


def make_app(bootstrap: str, orders: str, group: str, volume: Volume) -> faust.App:
    """Faust as ever, but for the scheme of the broker and the topics that come in whole batches."""
    app = faust.App(
        group,
        broker=f"equipoise://{bootstrap}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 << 20,
        stream_wait_empty=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    assert isinstance(app.transport, Transport), "the scheme of the broker"
    app.transport.whole.topics.add(orders)
    channel = app.topic(orders, key_serializer="raw", value_serializer="raw", acks=False, internal=True)

    @app.agent(channel)
    async def volumes(stream: faust.StreamT[Any]) -> None:
        async for event in stream.events():
            volume.take(event.message.value)

    app.timer(COMMIT_S)(lambda: volume.commit(app))
    return app


@click.command()
@click.option("--bootstrap", default="localhost:9092", show_default=True)
@click.option("--orders", default="orders", show_default=True, help="topic of OrderEvents, one partition")
@click.option("--out", default="volume", show_default=True, help="topic of closed windows")
@click.option("--instruments", required=True, type=click.Path(path_type=Path), help="TOML or JSON file")
def main(bootstrap: str, orders: str, out: str, instruments: Path) -> None:
    """Run until interrupted."""
    table = Instruments()
    for instrument in read_instruments(instruments):
        table.add(instrument)
    app = make_app(bootstrap, orders, out, Volume(bootstrap, out, table))
    faust.Worker(app, loglevel="info").execute_from_commandline()


if __name__ == "__main__":
    main()
