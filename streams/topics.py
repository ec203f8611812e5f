"""The topics: which there are, which there should be, and with what cleanup policy."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from equipoise.streams.clients import librdkafka
from equipoise.streams.settings import InputTopic, Settings

COMPACT: Final = "compact"
DELETE: Final = "delete"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic as it should be."""

    name: str
    partitions: int
    config: dict[str, str]
    why: str

    @property
    def cleanup(self) -> str:
        """Its cleanup policy."""
        return self.config["cleanup.policy"]


@dataclass(frozen=True, slots=True)
class Input:
    """One input topic that exists: what the settings say of it, and what its name says."""

    topic: str
    asked: InputTopic
    said: dict[str, str] = field(default_factory=dict)  # venue, symbol, channel


class TopicsError(RuntimeError):
    """Topics are missing or do not fit together; the message says which, and what to do."""


def wanted(settings: Settings) -> list[Wanted]:
    """Every topic that a worker with these settings uses, patterns apart: those are somebody else's."""
    topics, many = settings.topics, settings.topics.partitions
    kept = {"cleanup.policy": DELETE, "retention.ms": str(topics.input_retention_s * 1000)}
    newest = {"cleanup.policy": COMPACT}
    state = {"cleanup.policy": COMPACT, "segment.bytes": str(64 << 20), "min.cleanable.dirty.ratio": "0.1"}
    found = [Wanted(asked.name, many, kept, "order flow") for asked in topics.orders if asked.name]
    if topics.mempool:
        found += [
            # One partition: a replacement has another hash, and must meet what it replaces.
            Wanted(topics.mempool, 1, kept, "pending transactions"),
            Wanted(topics.intents, many, kept, "pending swaps by instrument"),
        ]
    return [
        *found,
        Wanted(topics.imbalance, many, kept, "closed windows"),
        Wanted(topics.spread_signals, many, kept, "half-spreads and skew"),
        Wanted(topics.fee_signals, many, kept, "taker fees"),
        Wanted(topics.dead_letters, 1, kept, "what could not be read"),
        Wanted(topics.state, many, state, "checkpoints"),
        Wanted(topics.instruments, 1, newest, "tick, lot and contract of every instrument"),
        Wanted(topics.policy, 1, newest, "policy overrides"),
        Wanted(topics.attestations, many, kept, "commitment proofs"),
    ]


class Topics:
    """The cluster's topics. Every method blocks, and raises KafkaException where the brokers do or do not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout_s = settings.kafka.request_timeout_ms / 1000
        self._admin = AdminClient(librdkafka(settings.kafka))

    def partitions(self) -> dict[str, int]:
        """Partition count of every topic that we may see."""
        found = self._admin.list_topics(timeout=self._timeout_s).topics
        return {name: len(topic.partitions) for name, topic in found.items() if topic.error is None}

    def create(self) -> dict[str, str]:
        """Make what is missing; by name, `created`, `exists`, or why not."""
        replication = self._settings.topics.replication
        existing = self.partitions()
        missing = [topic for topic in wanted(self._settings) if topic.name not in existing]
        made = self._admin.create_topics(
            [NewTopic(topic.name, topic.partitions, replication, config=topic.config) for topic in missing],
            operation_timeout=self._timeout_s,
            request_timeout=self._timeout_s,
        ) if missing else {}  # fmt: skip
        results = {topic.name: "exists" for topic in wanted(self._settings)}
        for name, future in made.items():
            try:
                future.result()
                results[name] = "created"
            except KafkaException as why:
                existed = why.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
                results[name] = "exists" if existed else str(why.args[0].str())
        return results

    def cleanup_policies(self, names: Iterable[str]) -> dict[str, str]:
        """By topic. One that we may not describe is left out."""
        asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = self._admin.describe_configs(asked, request_timeout=self._timeout_s) if asked else {}
        found = {}
        for resource, future in answers.items():
            try:
                found[resource.name] = future.result()["cleanup.policy"].value
            except KafkaException:
                continue
        return found

    def problems(self) -> list[str]:
        """What is missing or differs from `wanted`, in sentences that say what to do; empty: all is well."""
        existing = self.partitions()
        there = [topic for topic in wanted(self._settings) if topic.name in existing]
        policies = self.cleanup_policies(topic.name for topic in there)
        missing = [topic.name for topic in wanted(self._settings) if topic.name not in existing]
        found = [f"missing: {', '.join(missing)}; run `equipoise topics create`"] if missing else []
        found += [
            f"{topic.name}: cleanup.policy is {policies[topic.name]}, must be {topic.cleanup}: "
            + ("old rows would be lost" if topic.cleanup == COMPACT else "signals would overwrite each other")
            for topic in there
            if policies.get(topic.name, topic.cleanup) != topic.cleanup
        ]
        if not missing:
            try:
                check_partitions(self._settings, existing, inputs(self._settings, existing))
            except TopicsError as why:
                found.append(str(why))
        return found


def inputs(settings: Settings, existing: Mapping[str, int]) -> list[Input]:
    """Every existing order topic that the settings ask for, in order of name; the first that asks for it wins.

    Raises:
        TopicsError: a named one does not exist, or nothing matches a pattern.
    """
    own = {topic.name for topic in wanted(settings)} - {asked.name for asked in settings.topics.orders}
    found: dict[str, Input] = {}
    for asked in settings.topics.orders:
        names = [asked.name] if asked.name else sorted(set(existing) - own)
        matches = {name: _match(asked, name) for name in names if name in existing}
        matched = {name: said for name, said in matches.items() if said is not None}
        if not matched:
            what = f"topic {asked.name} does not exist" if asked.name else f"no topic matches {asked.pattern}"
            raise TopicsError(f"{what}: create it, or correct topics.orders")
        for name, said in matched.items():
            found.setdefault(name, Input(name, asked, said))
    return [found[name] for name in sorted(found)]


def check_partitions(settings: Settings, existing: Mapping[str, int], read: Iterable[Input]) -> int:
    """How many partitions the co-partitioned topics have.

    Raises:
        TopicsError: they do not have the same number, or one is missing.
    """
    names = [source.topic for source in read] + [settings.topics.state]
    if settings.topics.mempool:
        names += [settings.topics.intents, settings.topics.mempool]
    if missing := [name for name in names if name not in existing]:
        raise TopicsError(f"{', '.join(missing)} does not exist: run `equipoise topics create`")
    counts = {name: existing[name] for name in names if name != settings.topics.mempool}
    if existing.get(settings.topics.mempool, 0) > min(counts.values()):
        raise TopicsError(
            f"{settings.topics.mempool} has {existing[settings.topics.mempool]} partitions, more than "
            f"{settings.topics.state}, which holds its state; give it one, so that replacements meet"
        )
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise TopicsError(
            f"input and state topics must have the same number of partitions, so that one worker holds all of an "
            f"instrument: {told}; recreate those that differ"
        )
    return next(iter(counts.values()))


def _match(asked: InputTopic, name: str) -> dict[str, str] | None:
    if asked.name:
        return {} if asked.name == name else None
    match = re.fullmatch(asked.pattern, name)
    return {key: value for key, value in match.groupdict().items() if value} if match else None
