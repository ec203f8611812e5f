"""Bytewax: a folded tumbling window. usage: bytewax_peer.py BOOTSTRAP IN OUT RECORDS EVERY default

The topic must end with the last record. The clock of the event time is held still, since a watermark that follows the
system's clock would make a backlog late.
"""

from datetime import UTC, datetime, timedelta

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import cluster_main
from common import Marks, closed, job, read

_EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
_EPOCH_NS = int(_EPOCH.timestamp()) * 1_000_000_000
Order = tuple[int, datetime]


def flow() -> Dataflow:
    """The dataflow."""
    asked = job()
    marks = Marks(asked.every)

    def parsed(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, Order]:
        signed, event_ns = read(message.value)
        marks.add()
        return message.key.decode(), (signed, _EPOCH + timedelta(microseconds=(event_ns - _EPOCH_NS) // 1_000))

    def add(total: list[int], order: Order) -> list[int]:
        total[0] += order[0]
        total[1] += 1
        return total

    def message(found: tuple[str, tuple[int, list[int]]]) -> KafkaSinkMessage[bytes, bytes]:
        key, (window, total) = found
        return KafkaSinkMessage(key.encode(), closed(_EPOCH_NS + window * 1_000_000_000, *total))

    graph = Dataflow("peer")
    source = kop.input(
        "orders",
        graph,
        brokers=[asked.bootstrap],
        topics=[asked.source],
        tail=False,
        batch_size=5_000,
        add_config={"fetch.queue.backoff.ms": "1"},
    )
    keyed = op.map("parse", source.oks, parsed)
    clock = EventClock(lambda order: order[1], timedelta(0), now_getter=lambda: _EPOCH)
    sums = fold_window(
        "sum",
        keyed,
        clock,
        TumblingWindower(timedelta(seconds=1), _EPOCH),
        lambda: [0, 0],
        add,
        lambda one, other: [one[0] + other[0], one[1] + other[1]],
        ordered=False,
    )
    kop.output("out", op.map("message", sums.down, message), brokers=[asked.bootstrap], topic=asked.sink)
    return graph


if __name__ == "__main__":
    cluster_main(flow(), [], 0)
