"""Quix Streams: a tumbling window with a reducer. usage: quix_peer.py BOOTSTRAP IN OUT RECORDS EVERY default"""

import tempfile

from common import Marks, closed, job, read
from quixstreams import Application


def main() -> None:
    """Run until so many orders are read."""
    asked = job()
    marks = Marks(asked.every)
    app = Application(
        broker_address=asked.bootstrap,
        consumer_group=asked.sink,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=tempfile.mkdtemp(prefix="quix-"),
        loglevel="WARNING",
        consumer_extra_config={"fetch.queue.backoff.ms": 1, "queued.max.messages.kbytes": 65536},
        producer_extra_config={"linger.ms": 5},
    )
    orders = app.topic(asked.source, key_deserializer="bytes", value_deserializer="bytes", timestamp_extractor=_stamp)
    out = app.topic(asked.sink, key_serializer="bytes", value_serializer="bytes")

    def counted(value: dict[str, int]) -> dict[str, int]:
        if marks.add() == asked.records:
            app.stop()
        return value

    (
        app.dataframe(orders)
        .apply(lambda value: read(value)[0])
        .update(counted)
        .tumbling_window(1_000)
        .reduce(lambda total, lots: [total[0] + lots, total[1] + 1], lambda lots: [lots, 1])
        .final(closing_strategy="partition")
        .apply(lambda window: closed(window["start"] * 1_000_000, *window["value"]))
        .to_topic(out)
    )
    app.run()


def _stamp(_value: bytes, _headers: object, timestamp: float, _kind: object) -> int:
    """Of the record, which the data set sets to the event time: a second decoding would cost too much."""
    return int(timestamp)


if __name__ == "__main__":
    main()
