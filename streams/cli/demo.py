"""`equipoise demo`."""

import asyncio
import sys
from pathlib import Path

import click


@click.command()
@click.option("--seconds", type=click.FloatRange(1), help="end after this long, with a summary [default: at Ctrl-C]")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="show a recording instead of the simulator")  # fmt: skip
@click.option("--preset", help="format of the recording [default: guessed from its name and content]")
@click.option("--instrument", metavar="VENUE:SYMBOL", help="of the recording [default: guessed from its name]")
@click.option("--seed", type=click.IntRange(0), help="of the simulated market")
@click.option("--rate", type=click.FloatRange(1), help="simulated order events per second")
@click.option("--port", type=click.IntRange(0, 65535), help="of the page on 127.0.0.1 [default: 8790, or any free one]")
@click.option("--plain", is_flag=True, help="a line a second instead of a live screen")
@click.option("--keep", is_flag=True, help="keep the folder with the logs")
def command(
    seconds: float | None,
    replay: Path | None,
    preset: str | None,
    instrument: str | None,
    seed: int | None,
    rate: float | None,
    port: int | None,
    plain: bool,
    keep: bool,
) -> None:
    """Watch simulated or recorded order flow turn into spread and fee signals.

    Starts a small Kafka broker, a market, the worker and a downstream reader on this machine, shows what
    they do here and on a page, and stops them all at the end. Nothing else is needed, and nothing stays.

    \b
    equipoise demo
    equipoise demo --seconds 30
    equipoise demo --replay btcusdt_20240808.gz
    """
    from equipoise.streams.demo.options import DemoError, Options
    from equipoise.streams.demo.recordings import guess
    from equipoise.streams.demo.run import run
    from equipoise.streams.settings import load

    try:
        asked = load().demo
        if replay:
            preset, instrument = guess(replay, preset, instrument)
        options = Options(
            seconds=seconds or asked.seconds or None,
            replay=replay,
            preset=preset or "",
            instrument=instrument or "",
            seed=asked.seed if seed is None else seed,
            rate=asked.orders_per_s if rate is None else rate,
            first_burst_s=asked.first_burst_s,
            port=load().web.port if port is None else port,
        )
        sys.exit(asyncio.run(run(options, plain, keep)))
    except (DemoError, ValueError) as why:
        raise click.ClickException(str(why)) from why
