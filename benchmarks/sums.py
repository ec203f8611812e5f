"""Whether what a contestant sent out is what it should have sent."""

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from numpy.typing import NDArray

from benchmarks.datasets import SECOND_NS, Cluster, DataSet, expected


class WrongSumsError(AssertionError):
    """A contestant's closed windows are not those of the data."""


def published(cluster: Cluster, topic: str) -> tuple[list[bytes], list[bytes]]:
    """Keys and values of a topic, transactions' markers and aborted records left out."""
    keys: list[bytes] = []
    values: list[bytes] = []
    settings = {"group.id": "bench", "isolation.level": "read_committed", "enable.partition.eof": True}
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "auto.offset.reset": "earliest", **settings})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        while True:
            messages = consumer.consume(10_000, timeout=10)
            if not messages:
                raise TimeoutError(f"{topic}: not read to its end within 10 s")
            for message in messages:
                if message.error() is not None:
                    return keys, values
                keys.append(message.key())
                values.append(message.value())
    finally:
        consumer.close()


def closed_windows(data: DataSet, keys: list[bytes], values: list[bytes]) -> NDArray[np.int64]:
    """Records of 24 bytes (start ns, signed, count) as an array like `expected`'s, -1 counts where there was none."""
    found = np.frombuffer(b"".join(values), ">i8").reshape(-1, 3).astype(np.int64)
    instrument = np.array([int(key[-5:]) for key in keys], np.int64)
    window = (found[:, 0] - data.load.start_ns) // SECOND_NS
    out = np.full(expected(data).shape, -1, np.int64)
    if np.any((window < 0) | (window >= len(out)) | (found[:, 0] % SECOND_NS != 0)):
        raise WrongSumsError(f"window starts {found[:, 0].min()} to {found[:, 0].max()}: not all are the data's")
    if len(set(zip(window.tolist(), instrument.tolist(), strict=True))) != len(found):
        raise WrongSumsError("a window was sent twice in a run without a fault")
    out[window, instrument] = found[:, 1:]
    return out


def check(data: DataSet, found: NDArray[np.int64]) -> int:
    """How many windows agree; all must, but for the last, which nothing has closed. Raises WrongSumsError."""
    wanted = expected(data)[:-1]
    there = wanted[..., 1] > 0
    if not np.any(there):
        raise WrongSumsError("the data closes no window: nothing was checked")
    got = found[:-1]
    wrong = np.any(got != wanted, axis=-1) & there
    wrong |= ~there & (got[..., 1] > 0)
    if np.any(wrong):
        raise WrongSumsError(_difference(got, wanted, wrong))
    return int(there.sum())


def _difference(got: NDArray[np.int64], wanted: NDArray[np.int64], wrong: NDArray[np.bool_]) -> str:
    window, instrument = np.argwhere(wrong)[0].tolist()
    return (
        f"{int(wrong.sum())} of {wrong.size} windows differ; the first is window {window} of instrument {instrument}: "
        f"{got[window, instrument].tolist()}, should be {wanted[window, instrument].tolist()} (signed, count)"
    )
