"""The process that sends a market to Kafka, at its own speed: `python -m equipoise.streams.demo.feeder`.

It says `ready` when its kernels are compiled, waits for the file `go`, and then keeps to event time.
Of a simulation it also publishes the truth (who was informed, when bursts began), on a topic of its
own that the worker never reads. SIGTERM ends it after everything sent has been acknowledged.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from confluent_kafka import Producer

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.local import local_id
from equipoise.schemas.wire import frame
from equipoise.streams.demo.feeds import Batch, Feed, RecordedFeed, SimulatedFeed
from equipoise.streams.demo.names import MEMPOOL, ORDERS, TAKER_FIELDS, TRUTH
from equipoise.streams.simulator import Labels
from equipoise.streams.sources.canonical import encode_bodies


class Sender:
    """Batches to Kafka records."""

    def __init__(self, bootstrap: str, instruments: Instruments) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "linger.ms": 1,
                "enable.idempotence": True,  # a retry must not change the order
                "partitioner": "murmur2_random",  # as Java clients choose, so that co-partitioned topics agree
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        self._instruments = instruments
        self._keys = [instrument.key.encode() for instrument in instruments]
        self._order_id = local_id(codec.schema("OrderEvent"))
        self._pending_id = local_id(codec.schema("PendingTransaction"))
        self.sent = {ORDERS: 0, MEMPOOL: 0}

    def truth(self, message: dict[str, Any]) -> None:
        """One message of the truth topic."""
        self._producer.produce(TRUTH, json.dumps(message, separators=(",", ":")).encode())

    def send(self, batch: Batch) -> None:
        """Everything of one batch."""
        bodies = encode_bodies(batch.events, self._instruments, "demo")
        for index, body in zip(batch.events.instrument.tolist(), bodies, strict=True):
            self._producer.produce(ORDERS, frame(self._order_id, body), key=self._keys[index])
        for record in batch.pending:
            body = codec.encode("PendingTransaction", record)
            self._producer.produce(MEMPOOL, frame(self._pending_id, body), key=record["hash"].encode())
        if batch.labels is not None:
            self._labels(batch.labels)
        self.sent[ORDERS] += len(bodies)
        self.sent[MEMPOOL] += len(batch.pending)
        self._producer.poll(0)

    def _labels(self, labels: Labels) -> None:
        if len(labels.takers):
            self.truth({"takers": [list(row) for row in labels.takers[list(TAKER_FIELDS)].tolist()]})
        for burst in labels.bursts:
            up = bool(burst["after"] > burst["before"])
            key = self._instruments[int(burst["instrument"])].key
            self.truth({"burst": key, "start_ns": int(burst["start_ns"]), "end_ns": int(burst["end_ns"]), "up": up})

    def finish(self) -> int:
        """Wait for acknowledgements; returns how many records got none."""
        return self._producer.flush(10)


def hello(feed: Feed, own_ns: int, now_ns: int) -> dict[str, Any]:
    """The first message of the truth topic: which instruments there are, and how the feed's time runs."""
    return {"hello": [listed(instrument) for instrument in feed.instruments], "shift_ns": now_ns - own_ns}


def listed(instrument: Instrument) -> dict[str, Any]:
    """An Instrument record as JSON."""
    return {
        "venue": instrument.venue,
        "symbol": instrument.symbol,
        "tick": f"{instrument.tick:f}",
        "lot": f"{instrument.lot:f}",
        "book_source": instrument.book_source.name,
        "contract": instrument.contract.upper(),
        "multiplier": f"{instrument.multiplier:f}",
        "underlying": instrument.underlying,
        "base": instrument.base,
        "quote": instrument.quote,
        "settlement": instrument.settlement,
    }


def write_listing(folder: Path, instruments: Iterable[Instrument]) -> None:
    """`listing.json`, in one step: whoever sees it sees all of it."""
    new = folder / "listing.new"
    new.write_text(json.dumps([listed(instrument) for instrument in instruments]))
    new.replace(folder / "listing.json")


class Stop:
    """Set by SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def run(feed: Feed, sender: Sender, stop: Stop) -> None:
    """Send until the feed ends or `stop` is asked for; sleeps until each batch is due."""
    now_ns = time.time_ns()
    own_ns = feed.start(now_ns)
    sender.truth(hello(feed, own_ns, now_ns))
    for batch in feed.batches():
        while not stop.asked and (ahead := (batch.due_ns - own_ns - (time.time_ns() - now_ns)) / 1e9) > 0:
            time.sleep(min(ahead, 0.2))
        if stop.asked:
            break
        sender.send(batch)
    sender.truth({"end": True, "sent": sender.sent})


def wait_for(path: Path, stop: Stop) -> None:
    """Until the file is there, or the process is to stop."""
    while not (path.exists() or stop.asked):
        time.sleep(0.02)


def main() -> int:
    """Parse, prepare, wait, send."""
    parser = argparse.ArgumentParser(prog="feeder")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="`listing.json` is written there, `go` awaited")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=1_000.0)
    parser.add_argument("--first-burst-ms", type=int, default=8_000)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--preset", default="")
    parser.add_argument("--instrument", default="")
    args = parser.parse_args()
    stop = Stop()
    feed: Feed
    if args.replay:
        feed = RecordedFeed(args.preset, args.replay, args.instrument)
    else:
        feed = SimulatedFeed(args.seed, args.rate, args.first_burst_ms)
    write_listing(args.folder, feed.instruments)
    feed.prepare()
    print("ready", flush=True)
    wait_for(args.folder / "go", stop)
    sender = Sender(args.bootstrap, feed.instruments)
    run(feed, sender, stop)
    lost = sender.finish()
    print(f"sent {sender.sent}, {lost} not acknowledged", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
