"""How a worker runs: delivery, checkpoints, limits, the demo."""

from enum import StrEnum
from pathlib import Path

from equipoise.streams.settings.base import Group, setting


class Start(StrEnum):
    """Where a group with neither commits nor state begins."""

    WARM = "warm"
    EARLIEST = "earliest"
    LATEST = "latest"


class WireFormat(StrEnum):
    """Where the schema id travels."""

    PREFIX = "prefix"
    HEADER = "header"


class Mode(StrEnum):
    """What a consumer may see twice."""

    AT_LEAST_ONCE = "at-least-once"
    TRANSACTIONAL = "transactional"


class Delivery(Group):
    """When outputs leave and when the past is sealed."""

    mode: Mode = setting(
        Mode.AT_LEAST_ONCE,
        "`transactional`: outputs, state and offsets commit together, for consumers with read_committed",
    )
    wire_format: WireFormat = setting(WireFormat.PREFIX, "5 bytes before the payload, as every Confluent client reads")
    checkpoint_ms: int = setting(1_000, "a crash repeats at most this much; its signals have the same ids", ge=50)
    transaction_ms: int = setting(
        100, "transactional mode: time between commits, which is how late its signals are; as Kafka Streams", ge=10
    )
    linger_ms: int = setting(0, "wait to fill a producer's batch; 0: nothing waits", ge=0)
    ack_timeout_ms: int = setting(30_000, "outputs unacknowledged for this long stop the worker", ge=1_000)
    grace_s: int = setting(20, "after SIGTERM: drain, acknowledge, commit; Kubernetes kills after 30 s", ge=1)
    heartbeat_ms: int = setting(1_000, "heartbeat after this much silence of an instrument", ge=100)
    stale_after_ms: int = setting(5_000, "a heartbeat after this much silence says STALE", ge=100)
    catching_up_ms: int = setting(2_000, "older than this on leaving: the header says catching-up", ge=100)
    start: Start = setting(Start.WARM, "first start only: ten half-lives before the end, the beginning, or the end")
    stall_s: float = setting(15.0, "who waits longer for anything is named in the log and the metrics", gt=0)
    pulse_file: Path | None = setting(
        None, "touched every second while the worker's loop turns; probes look at its age"
    )
    compression: str = setting("lz4", "of output batches: none, gzip, snappy, lz4 or zstd")

    @property
    def interval_ms(self) -> int:
        """Time between checkpoints."""
        return self.transaction_ms if self.mode is Mode.TRANSACTIONAL else self.checkpoint_ms


class Limits(Group):
    """Bounds of memory, and of one record."""

    record_max_bytes: int = setting(1 << 20, "a larger record is dead-lettered unread; the brokers' own default", ge=64)
    batch_max_bytes: int = setting(
        16 << 20, "a Kafka batch that is larger when decompressed is refused; brokers take 1 MiB compressed", ge=1 << 10
    )
    letter_max_bytes: int = setting(
        1_000_000, "a dead letter's value is cut to this: with its headers it must still fit the brokers' limit", ge=64
    )
    instruments: int = setting(20_000, "instruments of one worker; the next ones are counted as LIMIT", ge=1)
    pending_records: int = setting(
        200_000, "records waiting in a merge; past it the slower topic is not waited for", ge=1
    )
    unsealed_records: int = setting(
        100_000, "outputs kept until their transaction commits; past it nothing more is fetched", ge=1
    )


class Instruments(Group):
    """Where instruments come from."""

    file: Path | None = setting(None, "TOML or JSON file of instruments; none: only the compacted topic")
    infer: bool = setting(False, "take tick and lot from the first records of an unlisted instrument (backtests)")


class Web(Group):
    """The page that a worker or demo serves."""

    host: str = setting("127.0.0.1", "loopback only, unless you mean to publish it")
    port: int = setting(8790, "0: any free port", ge=0, le=65535)


class Metrics(Group):
    """What Prometheus reads from a worker."""

    host: str = setting("127.0.0.1", "loopback only, unless your Prometheus is elsewhere")
    port: int = setting(9464, "as OpenTelemetry's exporter; where it is taken, any free one; 0: any; -1: none", ge=-1)


class Demo(Group):
    """The demonstration."""

    seconds: int = setting(0, "end by itself after this long; 0: until interrupted", ge=0)
    seed: int = setting(7, "of the simulated market: the same seed gives the same market", ge=0)
    orders_per_s: int = setting(1_000, "simulated order events in a second; a small machine keeps up with it", ge=1)
    first_burst_s: float = setting(8.0, "the first informed burst: within the newcomer's first 15 s", ge=0)
