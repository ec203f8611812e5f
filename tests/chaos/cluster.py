"""The brokers: our own containers, or a cluster that commands kill and start again."""

import contextlib
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import docker
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource
from testcontainers.core.container import DockerContainer

from tests.chaos.faults import SESSION_MS
from tests.chaos.turn import Turn
from tests.containers import KafkaContainer, wait_for_port

# The image formats its storage at every start, and ends where that is done already.
AGAIN = "java $KAFKA_HEAP_OPTS -cp '/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties"


@dataclass
class Cluster:
    """Where brokers are, and how one is killed and started again (commands with `{}` for its number, from 1)."""

    bootstrap: str
    kill_command: str = ""
    up_command: str = ""
    brokers: list[tuple[str, int]] = field(init=False)
    turn: Turn = field(init=False)  # to kill a broker, or to need all of them

    def __post_init__(self) -> None:
        deadline = time.monotonic() + 60  # one may be away for the moment, in a run that kills it
        while len(found := self._admin().list_topics(timeout=60).brokers) < len(self.bootstrap.split(",")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.bootstrap}: {len(found)} brokers have registered")
            time.sleep(0.5)
        self.brokers = [(found[number].host, found[number].port) for number in sorted(found)]
        self.turn = Turn(self.bootstrap)

    def check(self) -> None:
        """Raise ValueError where the brokers do not let workers live as briefly as a round wants them to."""
        admin, name = self._admin(), "group.min.session.timeout.ms"
        asked = ConfigResource(ConfigResource.Type.BROKER, str(min(admin.list_topics(timeout=60).brokers)))
        least = admin.describe_configs([asked])[asked].result(30)[name].value
        if int(least) > SESSION_MS:
            raise ValueError(f"{self.bootstrap}: {name} is {least}, must be at most {SESSION_MS}")

    @property
    def mortal(self) -> bool:
        """Whether brokers can be killed, and enough are left then."""
        return len(self.brokers) >= 3 and bool(self.kill_command)

    @property
    def copies(self) -> int:
        return min(3, len(self.brokers))

    def kill(self, number: int) -> None:
        # another fault of the same round may have killed it already
        subprocess.run(shlex.split(self.kill_command.format(number)), check=False, stdout=subprocess.DEVNULL)

    def up(self, number: int) -> None:
        subprocess.run(shlex.split(self.up_command.format(number)), check=True, stdout=subprocess.DEVNULL)
        wait_for_port(self.brokers[number - 1][1], 60)

    def apart(self) -> list[str]:
        """What is missing: brokers, and copies that are not in step."""
        try:
            found = self._admin().list_topics(timeout=10)
        except KafkaException:
            return ["no answer"]
        missing = len(self.brokers) - len(found.brokers)
        return [f"{missing} brokers"] * (missing > 0) + [
            f"{name}[{number}]"
            for name, topic in found.topics.items()
            for number, partition in topic.partitions.items()
            if len(partition.isrs) < len(partition.replicas)
        ]

    @contextlib.contextmanager
    def whole(self, timeout_s: float = 120) -> Iterator[None]:
        """With all brokers there and all copies in step; nobody kills any meanwhile."""
        deadline = time.monotonic() + timeout_s
        while not self.turn.take(shared=True) or self.apart():
            if time.monotonic() > deadline:
                raise TimeoutError(f"brokers are not in step after {timeout_s:g} s: {self.apart()[:5]}")
            time.sleep(0.2)
        try:
            yield
        finally:
            self.turn.give()

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})


class Containers:
    """Three brokers in containers of one network."""

    def __init__(self, count: int = 3) -> None:
        self._count = count
        self._client = docker.from_env()
        self._containers: list[KafkaContainer] = []

    def __enter__(self) -> Self:
        name = f"chaos-{time.time_ns()}"
        self._network = self._client.networks.create(name)
        voters = ",".join(f"{n}@{name}-{n}:9093" for n in range(1, self._count + 1))
        try:
            for number in range(1, self._count + 1):
                self._containers.append(self._broker(name, number, voters))
            for container in self._containers:
                DockerContainer.start(container)  # none is ready before the others are there
            deadline = time.monotonic() + 120
            while len(self.cluster().brokers) < self._count:  # those that have registered so far
                assert time.monotonic() < deadline, "the brokers do not come up"
                time.sleep(1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for container in self._containers:
            container.stop()
        self._network.remove()

    @property
    def names(self) -> Sequence[str]:
        return [str(container.get_wrapped_container().name) for container in self._containers]

    def cluster(self) -> Cluster:
        prefix = self.names[0].rpartition("-")[0]
        bootstrap = ",".join(container.bootstrap for container in self._containers)
        return Cluster(bootstrap, f"docker kill {prefix}-{{}}", f"docker start {prefix}-{{}}")

    def _broker(self, network: str, number: int, voters: str) -> KafkaContainer:
        copies, quorum = str(min(3, self._count)), str(min(2, self._count))
        container = KafkaContainer()
        port = container.port
        settings = {
            "KAFKA_NODE_ID": str(number),
            "KAFKA_LISTENERS": f"PLAINTEXT://:{port},INTERNAL://:9094,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port},INTERNAL://{network}-{number}:9094",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": voters,
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": copies,
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": copies,
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": quorum,
            "KAFKA_MIN_INSYNC_REPLICAS": quorum,
            "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
            # a killed broker's partitions move at once, so that a round need not wait for it
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
            "KAFKA_HEAP_OPTS": "-Xms128m -Xmx400m -XX:TieredStopAtLevel=1",  # there again sooner
        }
        for name, value in settings.items():
            container.with_env(name, value)
        container._wait_strategy = None
        container.with_command(["bash", "-c", f"/etc/kafka/docker/run || exec {AGAIN}"])
        container.with_name(f"{network}-{number}")
        container.with_kwargs(user="root", network=network)
        return container
