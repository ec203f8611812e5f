"""`equipoise consume`: the signals as a pricing service would use them."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import Enum
from typing import Any, Final

import click

from equipoise.schemas.enums import Kind
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.schemas.reader import AnySignal, SignalReader
from equipoise.schemas.signals import FeeSignal, ImbalanceWindow, Signal, SpreadSignal
from equipoise.streams.web.reading import read
from equipoise.streams.web.text import bps, clock_text, signed

TOPICS: Final = ("equipoise.spread-signals", "equipoise.fee-signals")
HEADING: Final = f"{'event time':12}  {'instrument':16}  {'signal':6}  {'regime':8}  {'status':8}  what to do"


@click.command()
@click.option(
    "--bootstrap", envvar="EQUIPOISE_KAFKA__BOOTSTRAP", default="localhost:9092", show_default=True,
    help="brokers, HOST:PORT,HOST:PORT",
)  # fmt: skip
@click.option("--registry", envvar="EQUIPOISE_REGISTRY__URL", help="schema registry, if the worker uses one")
@click.option("--topic", "topics", multiple=True, default=TOPICS, show_default=True, help="may be repeated")
@click.option("--instrument", "instruments", multiple=True, metavar="VENUE:SYMBOL", help="only these; may be repeated")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, every field, for scripts")
@click.option("--all", "everything", is_flag=True, help="also what may not be used, with the reason why not")
@click.option("--clock", type=click.Choice(["wall", "event"]), default="wall", show_default=True,
              help="judge validity by this clock; `event` for a recording that is replayed")  # fmt: skip
@click.option("--from-beginning", is_flag=True, help="from the first record kept, not from now on")
@click.option("--count", type=click.IntRange(1), help="end after this many")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="end after this long")
@click.option("-X", "properties", multiple=True, metavar="NAME=VALUE", help="client property, as security.protocol=SSL")
def command(
    bootstrap: str,
    registry: str | None,
    topics: tuple[str, ...],
    instruments: tuple[str, ...],
    as_json: bool,
    everything: bool,
    clock: str,
    from_beginning: bool,
    count: int | None,
    seconds: float | None,
    properties: tuple[str, ...],
) -> None:
    """Print the signals that a pricing service would use.

    Each (id, revision) once, the latest revision only, nothing past its validity, nothing that a worker
    sent while it was catching up. What was withheld is counted at the end.

    \b
    equipoise consume --instrument BINANCE:BTCUSDT
    equipoise consume --topic equipoise.fee-signals --json | jq .fee_taker_buy
    """
    config = {"auto.offset.reset": "earliest" if from_beginning else "latest", "log_level": 0} | _pairs(properties)
    _check(bootstrap, topics, config)
    reader = SignalReader(
        bootstrap, topics, schemas=_schemas(registry), config=config, idle_s=0.1, withhold_catching_up=not everything
    )
    out: Callable[[AnySignal, str], None] = _print_json if as_json else _Table()
    withheld: Counter[str] = Counter()
    printed = newest_ns = 0
    try:
        with reader:
            for signal in _until(reader, seconds):
                if instruments and signal.instrument not in instruments:
                    continue
                newest_ns = max(newest_ns, signal.as_of_ns)
                now_ns = newest_ns if clock == "event" else time.time_ns()
                why = signal.why_unusable(now_ns) if isinstance(signal, Signal) else ""
                if why and not everything:
                    withheld[why.partition(":")[0].partition(" ")[0]] += 1
                    continue
                out(signal, why)
                printed += 1
                if count and printed >= count:
                    break
    except KeyboardInterrupt:
        pass
    _tell(printed, withheld, reader.unreadable)


def _check(bootstrap: str, topics: tuple[str, ...], config: dict[str, Any]) -> None:
    """Say what is wrong before waiting for ever: no broker, or no such topic."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = {name: value for name, value in config.items() if name != "auto.offset.reset"}
    try:
        there = AdminClient({"bootstrap.servers": bootstrap, **client}).list_topics(timeout=10).topics
    except KafkaException as why:
        raise click.ClickException(f"no broker answers at {bootstrap} ({why.args[0].str()}); see --bootstrap") from why
    missing = [topic for topic in topics if topic not in there]
    if missing:
        raise click.ClickException(f"no topic {', '.join(missing)} at {bootstrap}; `equipoise topics create` makes it")


def _until(reader: SignalReader, seconds: float | None) -> Iterator[AnySignal]:
    """Signals until the time is over; iterating a reader ends when it is idle, so that the clock is looked at."""
    end = time.monotonic() + seconds if seconds else float("inf")
    while time.monotonic() < end:
        for signal in reader:
            yield signal
            if time.monotonic() >= end:
                return


def _schemas(registry: str | None) -> SchemaSource:
    if not registry:
        return BuiltIn()
    from equipoise.schemas.registry import Registry, RegistrySettings

    return Registry(RegistrySettings(registry))


def _pairs(properties: tuple[str, ...]) -> dict[str, str]:
    for word in properties:
        if "=" not in word:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE", param_hint="-X")
    return {name: value for name, _, value in (word.partition("=") for word in properties)}


class _Table:
    """One line a signal, under a heading that comes again once a screen."""

    def __init__(self) -> None:
        self._lines = 0

    def __call__(self, signal: AnySignal, why: str) -> None:
        if self._lines % 40 == 0:
            click.echo(click.style(HEADING, bold=True))
        self._lines += 1
        kind = {SpreadSignal: "spread", FeeSignal: "fee", ImbalanceWindow: "window"}[type(signal)]
        text = f"{clock_text(signal.as_of_ns)}  {signal.instrument:16}  {kind:6}  {signal.regime.name.lower():8}  "
        text += f"{signal.status.name:8}  {_advice(signal)}"
        click.echo(text + (click.style(f"  (not to be used: {why})", dim=True) if why else ""))


def _advice(signal: AnySignal) -> str:
    if isinstance(signal, SpreadSignal):
        if signal.kind is Kind.HEARTBEAT:
            return f"nothing new for {(signal.silence_ns or 0) / 1e9:.1f} s"
        shown = read(signal)
        return (
            f"bid {shown.price(shown.bid)} (−{bps(shown.bid_bps)} bps)  ask {shown.price(shown.ask)} "
            f"(+{bps(shown.ask_bps)} bps)  score {signed(shown.score, 2)}"
        )
    if isinstance(signal, FeeSignal):
        return f"taker buys {_fee(signal.fee_taker_buy)}, taker sells {_fee(signal.fee_taker_sell)}"
    return f"bought {signal.buy_volume} lots, sold {signal.sell_volume}, OFI {signal.ofi:+d} lots"


def _fee(millionths: int | None) -> str:
    return "–" if millionths is None else f"{millionths / 100:.1f} bps"


def _print_json(signal: AnySignal, why: str) -> None:
    record = {"record": type(signal).__name__} | _plain(asdict(signal)) | {"unusable": why}
    click.echo(json.dumps(record, separators=(",", ":")))


def _plain(value: Any) -> Any:
    """Enums by their names, as in the Avro records; tuples as lists."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _tell(printed: int, withheld: Counter[str], unreadable: int) -> None:
    parts = [f"{printed} printed"] + [f"{n} withheld ({why})" for why, n in withheld.most_common()]
    if unreadable:
        parts.append(f"{unreadable} unreadable: does the worker use a --registry?")
    print(", ".join(parts), file=sys.stderr)
