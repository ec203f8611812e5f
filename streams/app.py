"""The Faust app of a worker, and the same for those who run a Faust app already."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

import faust
from confluent_kafka import KafkaException
from faust.tables.manager import TableManager
from yarl import URL

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.processors.pending import PendingPool
from equipoise.schemas.errors import RegistryError
from equipoise.schemas.local import SchemaSource
from equipoise.streams.agents import Batches, FaustSource, add_agent, follow_group, use_batches
from equipoise.streams.clients import ssl_context, uses_sasl
from equipoise.streams.delivery import Delivery, Outputs
from equipoise.streams.frames import Frame
from equipoise.streams.framing import framing, schema_source
from equipoise.streams.inputs import make_decoder
from equipoise.streams.intents import IntentDecoder, MempoolTask
from equipoise.streams.kernels import warm_up
from equipoise.streams.listing import Listing
from equipoise.streams.outgoing import Outgoing
from equipoise.streams.records import Decoder
from equipoise.streams.renew import renew
from equipoise.streams.retry import Backoff, sentence
from equipoise.streams.runtime import Runtime
from equipoise.streams.settings import Kafka, Merge, Mode, Settings
from equipoise.streams.settings.engine import engine_settings, pending_settings
from equipoise.streams.state_rows import MEMPOOL
from equipoise.streams.task import Claim, Task
from equipoise.streams.topics import Input, Topics, TopicsError, check_partitions, inputs
from equipoise.streams.transactions import Transactions
from equipoise.streams.transport.driver import MISFIT, Transport
from equipoise.streams.vitals import Vitals
from equipoise.streams.work import Source, Tools, Work

log = logging.getLogger(__name__)

LISTING_S: Final = 10.0


class Stream:
    """Everything between Faust's agents and the outputs: what `install` adds to an app."""

    def __init__(self, app: faust.App, settings: Settings, read: Sequence[Input]) -> None:
        self._app = app
        self._settings = settings
        self._read = {source.topic: source for source in read}
        self.topics = set(self._read)
        pending = {settings.topics.mempool, settings.topics.intents} if settings.topics.mempool else set()
        self.subscribed = self.topics | pending
        self._engine_settings = engine_settings(settings)
        self.instruments = Instruments()
        self.batches = Batches(app, settings.kafka.batch_max_records)
        self._listing: Listing | None = None
        self._schemas: SchemaSource | None = None
        self._starting = asyncio.Lock()
        self.runtime: Runtime | None = None
        self.vitals: Vitals | None = None

    async def start(self) -> Runtime:
        """Make ready what partitions need, waiting for a registry that does not answer yet."""
        async with self._starting:
            if self.runtime is None:
                self.runtime = await self._start()
            return self.runtime

    async def _start(self) -> Runtime:
        warming = asyncio.create_task(asyncio.to_thread(warm_up, self._settings))
        self._schemas = schema_source(self._settings)
        frames = await self._framing(self._schemas)
        self._listing = Listing(self._settings, self.instruments, self._schemas)
        self._listing.start()
        # State of an instrument that is not listed yet would be left out: there is no limit to this wait.
        while not await asyncio.to_thread(self._listing.loaded.wait, LISTING_S):
            log.warning("still reading topic %s to its end", self._settings.topics.instruments)
        log.info("kernels are ready after %.1f s", await warming)
        outgoing = Outgoing(self._settings.topics, self.instruments, frames)
        source = FaustSource(self._app, self.batches)
        outputs = make_outputs(self._settings, source)
        worker = f"{socket.gethostname()}/{os.getpid()}"
        tools = Tools(self._settings, outputs, outgoing, source, worker)
        runtime = Runtime(tools, self._task, self.instruments, self.subscribed)
        self.vitals = Vitals(runtime)
        jobs = [self.vitals.watchdog.run()]
        if isinstance(self._app.transport, Transport) and not MISFIT:  # else positions stay before what is left out
            jobs.append(renew(runtime))
        runtime.start(*jobs)
        return runtime

    def stop(self) -> None:
        """After the runtime has stopped."""
        if self._listing is not None:
            self._listing.stop()

    def _task(self, topics: Sequence[str], owner: str, claim: Claim) -> Work:
        assert self._schemas is not None, "started"
        settings, time = self._settings, self._settings.time
        if owner == MEMPOOL:
            pool = PendingPool(self.instruments, pending_settings(settings))
            return MempoolTask(settings.topics.mempool, pool, self._schemas, settings.limits.record_max_bytes)
        decoders: dict[str, Decoder] = {
            topic: make_decoder(self._read[topic], settings, self.instruments, self._schemas)
            for topic in topics
            if topic in self._read
        }
        decoders[settings.topics.intents] = IntentDecoder(self.instruments, self._schemas)
        return Task(
            topics,
            Engine(self.instruments, self._engine_settings, len(topics)),
            decoders,
            stamped=time.merge is Merge.STAMPED,
            idle_ns=time.idle_ms * 1_000_000,
            claim=claim,
        )

    async def _framing(self, schemas: SchemaSource) -> dict[str, Frame]:
        backoff = Backoff(self._settings.kafka.retry_backoff_max_ms)
        while True:
            try:
                return await asyncio.to_thread(framing, self._settings, schemas)
            except RegistryError as why:
                await backoff.wait(f"registry {self._settings.registry.url}: {sentence(why)}")


def make_outputs(settings: Settings, source: Source) -> Outputs:
    """As `delivery.mode` says."""
    if settings.delivery.mode is Mode.TRANSACTIONAL:
        return Transactions(settings)
    return Delivery(settings, source.commit)


def install(app: faust.App, settings: Settings, cancelled: Callable[[], bool] = bool) -> Stream | None:
    """Add Equipoise's agents to a Faust app that is not started yet. Blocks until its topics are there.

    The app's own agents, tables and settings stay as they are. Its `broker` must be the cluster of
    `settings.kafka`, and its id the consumer group. With `broker="equipoise://…"` our topics come in whole
    batches, and `kafka.isolation` holds for the whole app. With `kafka://` they come record by record: some
    hundred times slower, with the same results, except that `kafka.isolation` and `kafka.damage` have no say.
    Topics that come to match a pattern later are read after the next start.

    Args:
        app: not started.
        settings: of the stream.
        cancelled: asked while topics are awaited; None is returned where it says so.
    """
    read = await_topics(settings, cancelled)
    if read is None:
        return None
    stream = Stream(app, settings, read)
    topics = {"orders": [source.topic for source in read]}
    if settings.topics.mempool:
        topics |= {"mempool": [settings.topics.mempool], "intents": [settings.topics.intents]}
    for name, own in topics.items():
        add_agent(app, own, stream.batches, name)
    use_batches(app, settings, stream.subscribed, stream.batches)
    follow_group(app, stream, stream.subscribed)
    return stream


def await_topics(settings: Settings, cancelled: Callable[[], bool] = bool) -> list[Input] | None:
    """The input topics, checked. Says what is missing in one sentence, and tries again until it is there."""
    backoff = Backoff(settings.kafka.retry_backoff_max_ms)
    while not cancelled():
        try:
            existing = Topics(settings).partitions()
            read = inputs(settings, existing)
            check_partitions(settings, existing, read)
        except (KafkaException, TopicsError) as why:
            backoff.wait_blocking(f"{settings.kafka.bootstrap}: {sentence(why)}", cancelled)
        else:
            return read
    return None


class NoTables(TableManager):
    """Faust's waits a second for agents to declare tables. There are none."""

    async def on_start(self) -> None:
        """Go on at once."""
        await self._update_channels()
        await self.recovery.start()


class App(faust.App):
    """Faust's makes folders for tables where it is started, which may be read-only. There are no tables."""

    def _create_directories(self) -> None:
        """Make none."""


def make_app(settings: Settings) -> faust.App:
    """A Faust app with nothing in it but what Equipoise needs."""
    kafka = settings.kafka
    more: dict[str, Any] = {}
    if kafka.instance_id:
        more["consumer_group_instance_id"] = kafka.instance_id
    if credentials := _credentials(kafka):
        more["broker_credentials"] = credentials
    app = App(
        kafka.group,
        broker=[URL(f"kafka://{place.strip()}") for place in kafka.bootstrap.split(",")],
        broker_client_id=kafka.client_id,
        broker_session_timeout=kafka.session_timeout_ms / 1000,
        broker_heartbeat_interval=kafka.session_timeout_ms / 4000,
        broker_request_timeout=max(kafka.request_timeout_ms, 2 * kafka.session_timeout_ms) / 1000,
        consumer_max_fetch_size=kafka.fetch_max_bytes,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        web_enabled=False,
        autodiscover=False,
        store="memory://",
        TableManager=NoTables,
        **more,
    )
    app.transport = Transport(app.conf.broker_consumer, app)  # as the scheme equipoise:// would do for consumers
    return app


def _credentials(kafka: Kafka) -> Any:
    context = ssl_context(kafka)
    if uses_sasl(kafka):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            mechanism=kafka.sasl_mechanism.value,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context else None
