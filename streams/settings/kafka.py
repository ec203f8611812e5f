"""How the cluster, its registry and its topics are reached and named."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from equipoise.streams.settings.base import Group, setting


class SecurityProtocol(StrEnum):
    """Kafka's four ways to talk to a broker."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How a client proves who it is. Those that both Kafka clients in use speak without plug-ins."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Isolation(StrEnum):
    """Which records of transactions are read."""

    COMMITTED = "read_committed"
    ALL = "read_uncommitted"


class Damage(StrEnum):
    """What becomes of a batch that cannot be read."""

    DEAD_LETTER = "dead-letter"
    STOP = "stop"


class Kafka(Group):
    """The brokers, who we are to them, and how much is fetched at a time."""

    bootstrap: str = setting("localhost:9092", "brokers to ask first, HOST:PORT,HOST:PORT; Kafka's own default port")
    group: str = setting("equipoise", "consumer group: workers of one group share the partitions")
    client_id: str = setting("equipoise", "how brokers name us in their logs and quotas")
    instance_id: str = setting(
        "", "static membership: a restart within the session keeps its partitions; empty: dynamic"
    )
    security_protocol: SecurityProtocol = setting(SecurityProtocol.PLAINTEXT, "as the listener of the brokers is set")
    sasl_mechanism: SaslMechanism = setting(SaslMechanism.SCRAM_SHA_512, "used with SASL_PLAINTEXT and SASL_SSL only")
    sasl_username: str = setting("", "needed with SASL")
    sasl_password: SecretStr = setting(SecretStr(""), "needed with SASL; give it through the environment")
    ssl_ca_file: Path | None = setting(None, "PEM of the authority that signed the brokers; none: the system's")
    ssl_cert_file: Path | None = setting(None, "PEM of our certificate, where brokers ask for one")
    ssl_key_file: Path | None = setting(None, "PEM of our private key")
    ssl_key_password: SecretStr = setting(SecretStr(""), "if the private key is encrypted")
    session_timeout_ms: int = setting(
        10_000, "a dead worker's partitions move after this long; Kafka's own default is 45 s", ge=1_000
    )
    request_timeout_ms: int = setting(10_000, "a broker that does not answer is reported after this long", ge=500)
    retry_backoff_max_ms: int = setting(
        10_000, "longest pause between two tries to reach what is missing; the first is 250 ms", ge=250
    )
    fetch_max_bytes: int = setting(
        1 << 20, "most bytes of one partition in one fetch; 8 MiB for throughput (doubles plain clients' rate)", ge=1024
    )
    fetch_min_bytes: int = setting(1, "a fetch is answered once it has this much; 1: at once", ge=1)
    fetch_wait_ms: int = setting(500, "or after this long; Kafka's own default", ge=1)
    batch_max_records: int = setting(
        5_000, "most records that one engine step takes: bounds how long a step holds the loop", ge=1
    )
    isolation: Isolation = setting(Isolation.COMMITTED, "orders that their producer took back were never given")
    damage: Damage = setting(
        Damage.DEAD_LETTER, "a batch with a wrong checksum or framing is set aside, as a bad record is, or stops us"
    )
    damage_retries: int = setting(3, "fetches before a wrong checksum is the log's fault and not the network's", ge=0)

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if self.security_protocol.startswith("SASL") and not self.sasl_username:
            raise ValueError(f"security_protocol {self.security_protocol.value} needs sasl_username")
        return self


class SubjectStrategy(StrEnum):
    """How a registry subject is named; only the topic's name is needed so far."""

    TOPIC = "topic"


class Registry(Group):
    """Where schema ids come from."""

    url: str = setting("", "Confluent-compatible registry, for example http://localhost:8081; empty: local ids")
    username: str = setting("", "basic authentication, if the registry asks for it")
    password: SecretStr = setting(SecretStr(""), "give it through the environment")
    ids_file: Path | None = setting(None, "local file of schema ids, used without a registry; none: the built-in ids")
    ssl_ca_file: Path | None = setting(None, "PEM of the authority that signed the registry; none: the system's")
    ssl_cert_file: Path | None = setting(None, "PEM of our certificate, where the registry asks for one")
    ssl_key_file: Path | None = setting(None, "PEM of our private key")


class InputTopic(Group):
    """One input topic, or all that match a pattern.

    A pattern may name the groups `venue`, `symbol` and `channel`; what they match in the topic's name is
    taken for records that do not say it themselves.
    """

    name: str = setting("", "the topic's name; give this or `pattern`")
    pattern: str = setting("", "regular expression that the whole name must match")
    format: str = setting("canonical", "`canonical` (OrderEvent), a built-in preset, or a mapping file (TOML)")
    venue: str = setting("", "venue of every record, where neither record nor topic name says it")
    symbol: str = setting("", "symbol of every record, where neither record nor topic name says it")
    channel: str = setting("", "which of the format's channels, where the topic's name says it and the record does not")
    checksum: bool = setting(True, "check the venue's checksums of the book, where the format has them (kraken)")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.name) == bool(self.pattern):
            raise ValueError(f"name {self.name!r} and pattern {self.pattern!r}: give exactly one of them")
        return self


class Topics(Group):
    """What is read and what is written."""

    orders: list[InputTopic] = setting(
        [InputTopic(name="orders")], "order flow, keyed by instrument; all of them co-partitioned"
    )
    mempool: str = setting("", "PendingTransaction records, keyed by transaction hash; empty: no mempool")
    intents: str = setting(
        "equipoise.intents", "internal: pending swaps keyed by instrument; as many partitions as orders"
    )
    imbalance: str = setting("equipoise.imbalance", "every measure of every closed window")
    spread_signals: str = setting("equipoise.spread-signals", "half-spreads and skew")
    fee_signals: str = setting("equipoise.fee-signals", "taker fees")
    dead_letters: str = setting("equipoise.dead-letters", "what could not be read, as it came, with error headers")
    state: str = setting("equipoise.state", "checkpoints; compacted; as many partitions as orders")
    instruments: str = setting("equipoise.instruments", "compacted: contract, tick and lot of every instrument")
    policy: str = setting("equipoise.policy", "compacted: policy overrides")
    attestations: str = setting("equipoise.attestations", "commitment proofs")
    partitions: int = setting(4, "partitions of topics that `equipoise topics create` makes", ge=1)
    replication: int = setting(1, "copies of each; 3 on a cluster that must survive a broker", ge=1)
    refresh_s: int = setting(30, "how often new topics are looked for, where an input is a pattern", ge=1)
    input_retention_s: int = setting(7 * 86_400, "how long created input and signal topics keep records", ge=60)
