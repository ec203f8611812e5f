"""A real Kafka on loopback: the one that `BROKER` names, or a container that shares the host's network.

Through Docker's port proxy one would measure the proxy.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer

from tests.containers import KafkaContainer, free_port


class HostKafka(KafkaContainer):
    """One broker without a network of its own, and with a heap for the load."""

    def __init__(self) -> None:
        port, controller = free_port(), free_port()
        super().__init__(
            KAFKA_LISTENERS=f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://127.0.0.1:{port}",
            KAFKA_CONTROLLER_QUORUM_VOTERS=f"1@127.0.0.1:{controller}",
            KAFKA_HEAP_OPTS="-Xms512m -Xmx1g",
        )
        self.ports.clear()
        self.port = port
        self.with_kwargs(user="root", network_mode="host")


@contextmanager
def broker() -> Iterator[str]:
    """Bootstrap servers, on loopback. Raises ValueError where `BROKER` is elsewhere: nobody else is to be loaded."""
    given = os.environ.get("BROKER")
    if given:
        if given.rsplit(":", 1)[0] not in ("127.0.0.1", "localhost", "[::1]"):
            raise ValueError(f"BROKER is {given}; it must be on loopback")
        yield given
        return
    container: DockerContainer = HostKafka()
    with container as kafka:
        assert isinstance(kafka, HostKafka)
        yield kafka.bootstrap
