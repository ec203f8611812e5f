"""`equipoise publish`: a recording or the simulator, to Kafka."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from equipoise.streams.cli.options import settings_options
from equipoise.streams.cli.replay_options import FILE, source_options

if TYPE_CHECKING:
    from equipoise.streams.replay.messages import Message
    from equipoise.streams.replay.publish import Publisher
    from equipoise.streams.settings import Settings
    from equipoise.streams.simulator import SimulatorSettings

SIMULATOR = "simulator"


class Speed(click.ParamType):
    """`full`, or how many times the recorded speed."""

    name = "full|FACTOR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """0 for full speed."""
        if value == "full":
            return 0.0
        try:
            factor = float(value)
        except ValueError:
            factor = 0.0
        if not 0 < factor < float("inf"):
            self.fail(f"{value!r} is neither `full` nor a number above 0", param, ctx)
        return factor


@click.command("publish")
@click.argument("preset")
@click.argument("files", nargs=-1, type=FILE)
@source_options(required=False)
@click.option("--topic", help="order topic [default: the first of topics.orders]")
@click.option("--raw", is_flag=True, help="the records as they were recorded (formats that have topics: binance)")
@click.option("--speed", type=Speed(), default="full", show_default=True, help="1: as recorded; 10: ten times that")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="simulator: length in event time")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="simulator: of the market")
@click.option("--count", type=click.IntRange(1, 1_000), default=3, show_default=True,
              help="simulator: how many instruments")  # fmt: skip
@click.option("--rate", type=click.FloatRange(1, 10_000_000), default=3_000.0, show_default=True,
              help="simulator: order events per second of event time, all books together (about)")  # fmt: skip
@click.option("--now", is_flag=True, help="simulator: stamps begin at the present, and stay there with --speed 1")
@settings_options
def command(
    preset: str,
    files: tuple[Path, ...],
    instrument: str | None,
    tick: Decimal | None,
    lot: Decimal | None,
    listings: tuple[Path, ...],
    split: bool,
    topic: str | None,
    raw: bool,
    speed: float,
    seconds: float,
    seed: int,
    count: int,
    rate: float,
    now: bool,
    config: Path | None,
    settings: dict[str, str],
) -> None:
    """Send FILE… to Kafka, keyed by instrument, as OrderEvents that a worker reads with no mapping.

    PRESET is a built-in format, a mapping file (TOML), or the word `simulator`, which needs no files.
    The instruments' definitions go to their compacted topic first. With --split each channel has a topic
    of its own, TOPIC.book and TOPIC.trades; the worker then needs both in topics.orders.

    \b
    equipoise publish binance btcusdt.gz --instrument BINANCE:BTCUSDT --speed 1
    equipoise publish simulator --seconds 300 --speed 1 --now
    """
    from equipoise.schemas.errors import SchemasError
    from equipoise.streams.framing import schema_source
    from equipoise.streams.listing import ListingError
    from equipoise.streams.replay.publish import Publisher, PublishError
    from equipoise.streams.replay.source import Source
    from equipoise.streams.settings.tree import load
    from equipoise.streams.sources.files import RecordingError

    console = Console(stderr=True)
    try:
        tree = load(config, settings)
        where = topic or next((one.name for one in tree.topics.orders if one.name), "orders")
        if preset == SIMULATOR:
            plan = _simulation(tree, where, seconds, _settings(seed, count, rate, now), bool(files) or split or raw)
        elif not files or not instrument:
            raise click.UsageError(f"{preset} needs FILE… and --instrument VENUE:SYMBOL")
        else:
            plan = _recording(tree, Source(preset, files, instrument, tick, lot, listings, split), where, raw)
        publisher = Publisher(tree, schema_source(tree))
        _send(console, plan, publisher, speed)
    except (RecordingError, ListingError, PublishError, SchemasError, OSError, ValueError) as why:
        raise click.ClickException(str(why)) from why


class Plan:
    """What is to be sent: definitions, messages, and how far the reading is (of 1)."""

    def __init__(
        self, first: "list[Message]", messages: "Iterator[Message]", done: Callable[[], float], notes: list[str],
        unsent: dict[str, int],
    ) -> None:  # fmt: skip
        self.first, self.messages, self.done, self.notes, self.unsent = first, messages, done, notes, unsent


def _recording(tree: "Settings", source: Any, where: str, raw: bool) -> Plan:
    from equipoise.streams.replay import messages
    from equipoise.streams.replay.publish import PublishError, check_topics
    from equipoise.streams.replay.source import ONE_TOPIC, open_source
    from equipoise.streams.sources import presets

    if raw and source.preset not in presets.LIVE:
        raise PublishError(f"--raw: {source.preset} has no form of its own on Kafka; {', '.join(presets.LIVE)} have")
    opened = open_source(source)
    topics = [where + name.removeprefix(ONE_TOPIC) for name in opened.topics]
    check_topics(tree, [*topics, tree.topics.instruments])
    unsent = messages.Unsent()
    sent = messages.raw(opened, where) if raw else messages.canonical(opened, where, source.preset, unsent)
    recording = opened.recording
    return Plan(
        [messages.instrument_message(recording.instrument, tree.topics.instruments)],
        sent,
        lambda: recording.bytes_read / max(recording.bytes_total, 1),
        recording.notes,
        unsent.causes,
    )


def _settings(seed: int, count: int, rate: float, now: bool) -> "SimulatorSettings":
    from equipoise.streams.simulator import SimulatorSettings, make_markets
    from equipoise.streams.simulator.settings import DEFAULT_START_NS

    start_ns = time.time_ns() if now else DEFAULT_START_NS
    return SimulatorSettings(seed=seed, instruments=make_markets(count), rate=rate, start_ns=start_ns)


def _simulation(tree: "Settings", where: str, seconds: float, settings: "SimulatorSettings", misused: bool) -> Plan:
    from equipoise.streams.replay import messages
    from equipoise.streams.replay.publish import check_topics
    from equipoise.streams.simulator import Simulator

    if misused:
        raise click.UsageError("the simulator takes no FILE, no --split and no --raw")
    simulator = Simulator(settings)
    mempool = tree.topics.mempool
    check_topics(tree, [where, tree.topics.instruments, *([mempool] if mempool else [])])
    newest = [settings.start_ns]

    def watched() -> "Iterator[Message]":
        for message in messages.simulated(simulator, seconds, where, mempool):
            newest[0] = message.due_ns
            yield message

    definitions = [messages.instrument_message(one, tree.topics.instruments) for one in simulator.instruments]
    return Plan(definitions, watched(), lambda: (newest[0] - settings.start_ns) / 1e9 / seconds, [], {})


def _send(console: Console, plan: Plan, publisher: "Publisher", speed: float) -> None:
    from equipoise.streams.replay.messages import paced

    for note in plan.notes:
        console.print(note, highlight=False)
    begun = time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[sent]:,} sent"), console=console) as bar:
        row = bar.add_task("publishing", total=1.0, sent=0)
        publisher.send(plan.first)
        publisher.send(
            paced(plan.messages, speed, time.monotonic, publisher.poll),
            lambda count: bar.update(row, completed=plan.done(), sent=count),
        )
        failed = publisher.flush()
        bar.update(row, completed=1.0)
    seconds = time.perf_counter() - begun
    total = sum(publisher.sent.values())
    for topic, count in sorted(publisher.sent.items()):
        console.print(f"{topic}: {publisher.acknowledged[topic]:,} of {count:,} acknowledged", highlight=False)
    if plan.unsent:
        causes = ", ".join(f"{count:,} {cause}" for cause, count in sorted(plan.unsent.items()))
        console.print(f"not sent, as they hold nothing that an OrderEvent says: {causes}", highlight=False)
    console.print(f"{total:,} records in {seconds:.1f} s ({total / max(seconds, 1e-9):,.0f}/s)", highlight=False)
    if failed:
        reasons = "; ".join(f"{reason} ({count:,})" for reason, count in publisher.failures.most_common(3))
        raise click.ClickException(f"{failed:,} records were not delivered: {reasons}")
