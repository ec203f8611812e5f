"""The data: rows of the pinned load (`equipoise.streams.simulator.load`) in topics of one partition."""

import math
import sys
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from numpy.typing import NDArray

from benchmarks.encoding import Encoder
from benchmarks.home import folder
from benchmarks.writer import BatchWriter
from equipoise.schemas.enums import Action, Side
from equipoise.streams.simulator.load import LoadSettings, load_digest, load_events, load_instruments

SECOND_NS: Final = 1_000_000_000
_CHUNK: Final = 1 << 16
_TOPIC: Final = {
    "retention.ms": "-1",  # the event times of the data set lie in the past
    "max.message.bytes": "16777216",
    "message.timestamp.type": "CreateTime",
}


@dataclass(frozen=True, slots=True)
class DataSet:
    """So many orders, in batches of so many."""

    records: int
    instruments: int = 8
    distribution: str = "uniform"
    batch_records: int = 15_000
    codec: str = "none"
    rows_per_second: int = 100_000  # of event time

    @property
    def load(self) -> LoadSettings:
        """What makes its rows, but for how many there are."""
        return LoadSettings(
            instruments=self.instruments, distribution=self.distribution, rows_per_second=self.rows_per_second
        )

    @property
    def rows(self) -> str:
        """Names its rows."""
        return f"{self.distribution}-{self.instruments}-{self.rows_per_second}-{self.records}"

    @property
    def topic(self) -> str:
        """Where it is written; the same data set is written once."""
        return f"orders-{self.rows}-{self.batch_records}-{self.codec}"

    def digest(self) -> str:
        """SHA-256 of its rows, computed once."""
        path = folder("digests") / self.rows
        if not path.exists():
            path.write_text(load_digest(self.load, self.records))
        return path.read_text()


class Cluster:
    """Topics of the broker that is measured with."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})  # it outlives the broker

    def create(self, topic: str, more: dict[str, str] | None = None) -> None:
        """A topic of one partition that keeps everything, unless `more` says otherwise. Raises KafkaException."""
        for done in self._admin.create_topics([NewTopic(topic, 1, 1, config=_TOPIC | (more or {}))]).values():
            done.result()

    def delete(self, part: str) -> None:
        """All topics with this in their names (frameworks make their own from it); waits until they are gone."""
        names = [name for name in self._topics() if part in name]
        for done in self._admin.delete_topics(names).values() if names else ():
            done.result()
        deadline = time.monotonic() + 10
        while set(names) & self._topics() and time.monotonic() < deadline:
            time.sleep(0.05)

    def end(self, topic: str) -> int:
        """The offset behind the last record; -1 where there is no such topic."""
        if topic not in self._topics():
            return -1
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "bench"})
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1])
        finally:
            consumer.close()

    def provide(self, data: DataSet) -> str:
        """Write the data set unless it is there; its topic."""
        end = self.end(data.topic)
        if end == data.records:
            return data.topic
        if end >= 0:
            self.delete(data.topic)
        self.create(data.topic)
        start = time.monotonic()
        encoder = Encoder(load_instruments(data.instruments), data.codec)
        chunk = data.batch_records * math.ceil(_CHUNK / data.batch_records)
        with BatchWriter(self.bootstrap, data.topic) as writer:
            for events in load_events(data.load, data.records, chunk):
                for batch in encoder.batches(events, data.batch_records):
                    writer.send(batch)
        seconds = time.monotonic() - start
        print(f"  data: {data.topic} in {seconds:.1f} s", file=sys.stderr, flush=True)
        return data.topic

    def _topics(self) -> set[str]:
        return set(self._admin.list_topics(timeout=30).topics)


def expected(data: DataSet) -> NDArray[np.int64]:
    """Signed volume and count by window and instrument, shape (windows, instruments, 2); the last window is open.

    An execution of a resting bid is a sale. Summed from the columns, with none of what is measured.
    """
    path = folder("expected") / f"{data.rows}.npy"
    if path.exists():
        return np.load(path)  # type: ignore[no-any-return]
    windows, first = -(-data.records // data.load.rows_per_second), data.load.start_ns // SECOND_NS
    cells = windows * data.instruments
    out = np.zeros((cells, 2), np.int64)
    for rows in load_events(data.load, data.records):
        cell = (rows.event_ns // SECOND_NS - first) * data.instruments + rows.instrument
        sign = np.where(rows.side == Side.BID, -1, 1) * (rows.action == Action.EXECUTE)
        lots = np.where(sign == 0, 0, rows.quantity)
        out[:, 0] += np.bincount(cell, sign * lots, cells).astype(np.int64)  # exact below 2**53
        out[:, 1] += np.bincount(cell, minlength=cells)
    out = out.reshape(windows, data.instruments, 2)
    np.save(path, out)
    return out
