"""What a worker would meet: each check is one line, with what to do where it fails. Starts nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException

from equipoise.schemas.errors import SchemasError
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.registry import Registry
from equipoise.streams.framing import framing, schema_source
from equipoise.streams.listing import ListingError, read_instruments
from equipoise.streams.recovery import Reader
from equipoise.streams.retry import sentence
from equipoise.streams.settings import Settings
from equipoise.streams.topics import Topics, TopicsError, check_partitions, inputs

CLOCK_LIMIT_MS: Final = 1_000
COMPILED_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    ok: bool
    said: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Broker, topics, registry, clock, instruments and kernels, in the order in which a worker needs them."""
    topics = Topics(settings)
    broker, existing = _broker(settings, topics)
    yield broker
    if broker.ok:
        yield from _topics(settings, topics, existing)
        yield _clock(settings, existing)
        yield _instruments(settings, existing)
    yield _registry(settings)
    yield _settings(settings)
    yield _kernels()


def _broker(settings: Settings, topics: Topics) -> tuple[Finding, dict[str, int]]:
    place = settings.kafka.bootstrap
    try:
        began = time.monotonic()
        existing = topics.partitions()
    except KafkaException as why:
        advice = "start a broker, or set kafka.bootstrap (and kafka.security_protocol, kafka.sasl_*, kafka.ssl_*)"
        return Finding("broker", False, f"{place}: {sentence(why)}", advice), {}
    took_ms = (time.monotonic() - began) * 1000
    return Finding("broker", True, f"{place} answers in {took_ms:.0f} ms, {len(existing)} topics seen"), existing


def _topics(settings: Settings, topics: Topics, existing: dict[str, int]) -> Iterator[Finding]:
    problems = topics.problems()
    for problem in problems:
        yield Finding("topics", False, problem)
    if not problems:
        read = inputs(settings, existing)
        many = check_partitions(settings, existing, read)
        names = ", ".join(source.topic for source in read)
        yield Finding("topics", True, f"reads {names}: {many} partitions, so at most {many} busy workers")


def _clock(settings: Settings, existing: dict[str, int]) -> Finding:
    """Ours against the stamps that others gave to the newest records: lag and catching-up are told by it."""
    try:
        with Reader(settings) as reader:
            stamps = [
                stamp
                for source in inputs(settings, existing)
                for number in range(existing[source.topic])
                if (stamp := reader.newest_ms(source.topic, number)) is not None
            ]
    except (KafkaException, TopicsError) as why:
        return Finding("clock", False, f"not compared: {sentence(why)}", "equipoise topics check")
    if not stamps:
        return Finding("clock", True, "nothing to compare with: the input topics are empty")
    age_ms = time.time() * 1000 - max(stamps)
    if age_ms < -CLOCK_LIMIT_MS:
        return Finding("clock", False, f"{-age_ms:.0f} ms behind the newest order", "set this machine's clock by NTP")
    return Finding("clock", True, f"the newest order is {max(age_ms, 0) / 1000:.1f} s old")


def _registry(settings: Settings) -> Finding:
    if not settings.registry.url:
        where = settings.registry.ids_file or "the package"
        return Finding("registry", True, f"none configured: schema ids come from {where}")
    advice = "check registry.url; then equipoise schemas register"
    try:
        source: SchemaSource = schema_source(settings)
        assert isinstance(source, Registry)
        known = source.versions(f"{settings.topics.spread_signals}-value")
    except SchemasError as why:
        return Finding("registry", False, f"{settings.registry.url}: {sentence(why)}", advice)
    if not known:
        return Finding(
            "registry", True, f"{settings.registry.url} answers; our schemas are registered at the first start"
        )
    return _registered(settings, source)


def _registered(settings: Settings, source: SchemaSource) -> Finding:
    try:
        framing(settings, source)
    except SchemasError as why:
        return Finding("registry", False, sentence(why), "equipoise schemas check says what is incompatible")
    return Finding("registry", True, f"{settings.registry.url} has our schemas")


def _instruments(settings: Settings, existing: dict[str, int]) -> Finding:
    path, topic = settings.instruments.file, settings.topics.instruments
    if path is None:
        there = topic in existing
        advice = "" if there else "equipoise topics create, or name a file as instruments.file"
        return Finding(
            "instruments", there, f"from topic {topic}" + ("" if there else ", which does not exist"), advice
        )
    try:
        found = read_instruments(path)
    except (ListingError, OSError) as why:
        return Finding("instruments", False, str(why), "write [[instruments]] with venue, symbol, tick and lot")
    return Finding("instruments", True, f"{len(found)} in {path}, and what topic {topic} adds")


def _settings(settings: Settings) -> Finding:
    from equipoise.streams.settings.engine import engine_settings

    return _tried(
        "settings", lambda: (engine_settings(settings), "the engine accepts them")[1], "equipoise config show"
    )


def _kernels() -> Finding:
    def run() -> str:
        from equipoise.streams.kernels import warm_up

        took_s = warm_up()
        how = "compiled now and kept for the next start" if took_s > COMPILED_S else "ready"
        return f"{how} ({took_s:.1f} s)"

    advice = "set EQUIPOISE_KERNEL_CACHE to a folder that can be written"
    return _tried("kernels", run, advice)


def _tried(what: str, run: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, True, run())
    except (ValueError, OSError, RuntimeError, TopicsError) as why:
        return Finding(what, False, sentence(why), advice)
