"""What the transport asks of aiokafka and Faust, tried against whatever versions this interpreter finds.

python -m tests.transport.contract
"""

import aiokafka
import faust
from confluent_kafka import Producer

from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.records import RecordBatch
from equipoise.streams.transport import driver, seam
from tests.transport.deliver import Delivery, create, faust_app, other_client, reads

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def produce(bootstrap: str, topic: str) -> None:
    for number, codec in enumerate(CODECS):
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 20})
        for k in range(200):
            key, value = (None, b"k")[k % 2], (None, b"", b"v%d" % k * 9)[k % 3]
            producer.produce(topic, value, key, partition=(k + number) % 2, headers=[("h", b"%d" % k)] * (k % 3))
        assert producer.flush(20) == 0


def main() -> None:
    """Raise where something is different."""
    seam.check()
    assert driver.MISFIT == ""
    with EmbeddedBroker() as broker:
        create(broker.bootstrap, "t", 2)
        produce(broker.bootstrap, "t")
        expected = other_client(broker.bootstrap, ["t"])
        assert sum(map(len, expected.values())) == 200 * len(CODECS)
        for whole in (True, False):
            delivery = Delivery(faust_app(broker.bootstrap), ["t"], whole)
            assert delivery.run(reads(expected)) == expected
            assert all(isinstance(message.value, RecordBatch) == whole for message in delivery.messages)
    print(f"aiokafka {aiokafka.__version__} faust-streaming {faust.__version__}")


if __name__ == "__main__":
    main()
