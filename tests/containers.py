"""Small containers for the tests: a one-broker Kafka and a schema registry, under their public images.

testcontainers' own Kafka class wants a Confluent image; these few lines do for Apache's.
"""

import socket
import time
import urllib.request
from typing import Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

KAFKA_IMAGE = "apache/kafka:4.3.0"
REGISTRY_IMAGE = "apicurio/apicurio-registry:3.0.9"


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class KafkaContainer(DockerContainer):
    """One KRaft broker. Its port is the same inside and outside, so that what it advertises is true on both sides."""

    def __init__(self, image: str = KAFKA_IMAGE, **settings: str) -> None:
        super().__init__(image)
        self.port = free_port()
        self.ports[f"{self.port}/tcp"] = ("127.0.0.1", self.port)  # type: ignore[assignment]
        # With one KAFKA_* variable given, the image drops all its defaults: so all that is needed is here.
        defaults = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": f"PLAINTEXT://:{self.port},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{self.port}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "4",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",  # so that tests need not wait long for a dead worker
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_HEAP_OPTS": "-Xms128m -Xmx400m",
        }
        for name, value in (defaults | settings).items():
            self.with_env(name, value)
        # As root: an image that was built from read-only files could not rewrite its own configuration otherwise.
        self.with_kwargs(user="root")
        self.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(90))

    def start(self) -> Self:
        super().start()
        wait_for_port(self.port)
        return self

    @property
    def bootstrap(self) -> str:
        """What a client gives as bootstrap.servers."""
        return f"127.0.0.1:{self.port}"


class RegistryContainer(DockerContainer):
    """Apicurio's registry, which speaks Confluent's API under /apis/ccompat/v7; keeps its data in memory."""

    def __init__(self, image: str = REGISTRY_IMAGE) -> None:
        super().__init__(image)
        self.port = free_port()
        self.ports["8080/tcp"] = ("127.0.0.1", self.port)  # type: ignore[assignment]

    def start(self) -> Self:
        super().start()
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/subjects", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.3)

    @property
    def url(self) -> str:
        """The base address for a Confluent registry client."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"


def wait_for_port(port: int, seconds: float = 30) -> None:
    """Return once somebody accepts connections on the port; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody listens on 127.0.0.1:{port} after {seconds} s") from error
            time.sleep(0.1)
