"""An example of the service that this project is for: it quotes around a mid, and lets the signals widen and lean it.

    python -m equipoise.streams.example_pricing --bootstrap localhost:9092

It needs no more than `pip install 'equipoise[reader]'`. It is to be read and changed, not imported: what a desk
has of its own (a base spread, a clock, a rule for silence) is in `Desk`.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from equipoise.schemas.enums import Kind
from equipoise.schemas.local import BuiltIn
from equipoise.schemas.reader import SignalReader
from equipoise.schemas.registry import Registry, RegistrySettings
from equipoise.schemas.signals import SpreadSignal

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quote:
    """Two prices and why they are where they are."""

    bid: float
    ask: float
    why: str


@dataclass(slots=True)
class Desk:
    """What a market maker brings along; the signals only scale and shift it."""

    base_bps: float = 2.0  # half-spread in quiet flow
    last: dict[str, SpreadSignal] = field(default_factory=dict)  # by instrument, heartbeats left out
    pulled: dict[str, str] = field(default_factory=dict)  # instruments without a quote at present, and why

    def quote(self, signal: SpreadSignal, now_ns: int) -> Quote | None:
        """The quote that follows from a signal, or None: then the desk pulls its quotes, and says why in `pulled`.

        A heartbeat carries no prices: it is the moment to look whether the signal before it may still be used.
        """
        name = signal.instrument
        if signal.kind is not Kind.HEARTBEAT:
            self.last[name] = signal
        latest = self.last.get(name, signal)
        why_not = latest.why_unusable(now_ns) or ("no mid" if latest.reference_mid is None else "")
        if why_not or latest.reference_mid is None:
            self.pulled[name] = why_not
            return None
        self.pulled.pop(name, None)
        return self._around(latest, latest.reference_mid * float(latest.tick))

    def _around(self, signal: SpreadSignal, mid: float) -> Quote:
        half = mid * self.base_bps * 1e-4 * (signal.widen_factor or 1.0)
        centre = mid * (1 + (signal.skew_bps or 0.0) * 1e-4)
        return Quote(centre - half, centre + half, self._why(signal))

    def _why(self, signal: SpreadSignal) -> str:
        largest = max(signal.components, key=lambda part: abs(part.contribution), default=None)
        lean = "buyers" if (signal.score or 0.0) > 0 else "sellers"
        reason = f", most of it from {largest.name} ({largest.contribution:+.2f})" if largest else ""
        return (
            f"{signal.regime.name.lower():8} ×{signal.widen_factor:.2f} {signal.skew_bps:+.2f} bps: "
            f"score {signal.score or 0.0:+.2f} ({lean}){reason}"
        )


def run(reader: SignalReader, desk: Desk, every_s: float, show: Callable[[str], None]) -> None:
    """Print the quote of each instrument at most every `every_s` seconds, and at once when it is pulled."""
    shown: dict[str, float] = {}
    for signal in reader:
        if not isinstance(signal, SpreadSignal):
            continue
        now_ns, was_pulled = time.time_ns(), signal.instrument in desk.pulled
        quote = desk.quote(signal, now_ns)
        clock = time.strftime("%H:%M:%S", time.gmtime(now_ns / NS))
        if quote is None:
            if not was_pulled:
                show(f"{clock}  {signal.instrument:16} no quote: {desk.pulled[signal.instrument]}")
        elif now_ns / NS - shown.get(signal.instrument, 0.0) >= every_s:
            shown[signal.instrument] = now_ns / NS
            show(f"{clock}  {signal.instrument:16} {quote.bid:12.4f} / {quote.ask:<12.4f} {quote.why}")


@click.command()
@click.option("--bootstrap", default="localhost:9092", show_default=True, help="brokers, HOST:PORT,HOST:PORT")
@click.option("--registry", default="", help="address of the schema registry, if the worker uses one")
@click.option("--topic", default="equipoise.spread-signals", show_default=True, help="topic of the spread signals")
@click.option("--base-bps", default=2.0, show_default=True, help="own half-spread in quiet flow, basis points")
@click.option("--every-s", default=1.0, show_default=True, help="print each instrument at most this often, seconds")
def main(bootstrap: str, registry: str, topic: str, base_bps: float, every_s: float) -> None:
    """Print quotes that follow the spread signals. Ends with Ctrl-C."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    schemas = Registry(RegistrySettings(registry)) if registry else BuiltIn()
    with SignalReader(bootstrap, [topic], schemas=schemas) as reader:
        click.echo(f"quoting from {topic} at {bootstrap}, own half-spread {base_bps} bps")
        try:
            run(reader, Desk(base_bps), every_s, click.echo)
        except KeyboardInterrupt:
            click.echo("bye")


if __name__ == "__main__":
    main()
