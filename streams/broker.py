"""A Kafka broker in one small local process, for the demo and for tests without Docker.

It is the Kafka of noida-db (extra `[demo]`): one node, on loopback, data in a folder that goes away
with it. Not for production, and not for every test. What it does *not* do like Apache Kafka, measured:

* it ignores the fetch size limits of consumers (`fetch.max.bytes`, `max.partition.fetch.bytes`);
* a group member that dies without leaving is never expired, so its partitions are never reassigned;
* records are on disk only some 6 seconds after they were acknowledged: a `kill` before that loses them.

So member death, crash consistency and every claim about guarantees are tested on Apache Kafka.
"""

import importlib.util
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from equipoise.streams.child import Child, wait_until

DURABLE_AFTER_S: Final = 6.0  # measured: what was acknowledged longer ago than this survives `kill`
_PORT_LINE: Final = re.compile(r"^\s+kafka\s+127\.0\.0\.1:(\d+)\s*$", re.MULTILINE)


class BrokerError(RuntimeError):
    """The embedded broker is not installed, did not start, or does not answer."""


def broker_binary() -> Path:
    """The broker's program. Raises BrokerError when the extra `[demo]` is not installed."""
    spec = importlib.util.find_spec("noida_db")
    if spec is None or spec.origin is None:
        raise BrokerError("the embedded broker is not installed: pip install 'equipoise[demo]'")
    folder = Path(spec.origin).parent
    for name in ("noida-db", "noida-db.exe"):
        binary = folder / name
        if binary.is_file():
            if not binary.stat().st_mode & 0o100:
                binary.chmod(0o755)  # some installers drop the executable bit of package data
            return binary
    raise BrokerError(f"the package noida-db has no program for this machine in {folder}")


class EmbeddedBroker:
    """One broker with one data folder; `start`, `stop`, `kill` and `start` again on the same port and data.

    `folder` (default: a new temporary one, removed by `close`) holds `data/` and `broker.log`.
    """

    def __init__(self, folder: Path | None = None, port: int = 0) -> None:
        self._binary = broker_binary()
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="equipoise-broker-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """What clients put into `bootstrap.servers`."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Everything that the broker printed."""
        return self.folder / "broker.log"

    @property
    def alive(self) -> bool:
        """The process runs."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The broker's process id."""
        return self._child.pid if self._child else None

    def start(self, timeout_s: float = 15.0) -> Self:
        """Start and wait until it answers a metadata request. Raises BrokerError with the end of its log."""
        if self.alive:
            return self
        offset = self.log.stat().st_size if self.log.exists() else 0
        command = [str(self._binary), "start", "--only", "kafka", "--kafka-port", str(self.port)]
        command += ["--host", "127.0.0.1", "--data-dir", str(self.folder / "data")]
        self._child = Child("broker", command, self.log, cwd=self.folder)
        self._child.start()
        if not wait_until(lambda: self._printed_port(offset) or not self.alive, timeout_s) or not self.alive:
            raise self._failed("did not start")
        if not wait_until(lambda: answers(self.bootstrap) or not self.alive, timeout_s) or not self.alive:
            raise self._failed(f"does not answer on {self.bootstrap}")
        return self

    def stop(self) -> None:
        """End it in order; data are kept until `close`."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """End it as a crash does. Records acknowledged in the last `DURABLE_AFTER_S` may be lost."""
        if self._child:
            self._child.kill()

    def close(self) -> None:
        """End it and remove its folder, if the folder is its own."""
        self.stop()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _printed_port(self, offset: int) -> bool:
        if not self.log.exists():
            return False
        found = _PORT_LINE.search(self.log.read_bytes()[offset:].decode("utf-8", "replace"))
        if found:
            self.port = int(found[1])
        return found is not None

    def _failed(self, what: str) -> BrokerError:
        tail = self._child.tail() if self._child else ""
        self.kill()
        return BrokerError(f"the embedded broker {what}; the end of {self.log}:\n{tail}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answers(bootstrap: str, timeout_s: float = 1.0) -> bool:
    """Does a broker answer a metadata request at this address?"""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=timeout_s)
    except KafkaException:
        return False
    return True


def create_topics(bootstrap: str, partitions: dict[str, int], config: dict[str, str] | None = None) -> None:
    """Create topics (name → number of partitions) on one-broker clusters; those that exist are left as they are.

    Raises BrokerError that names the topic and the broker's reason.
    """
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic  # confluent_kafka.admin does not export it to a type checker

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    topics = [NewTopic(name, count, 1, config=config or {}) for name, count in partitions.items()]
    for name, future in admin.create_topics(topics, operation_timeout=10).items():
        try:
            future.result(timeout=15)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"topic {name} was not created: {error.args[0].str()}") from error
