"""`equipoise worker`."""

import asyncio
import logging
import sys
from pathlib import Path

import click

from equipoise.streams.cli.options import settings_options


@click.command()
@settings_options
@click.option("--bootstrap", metavar="HOST:PORT,…", help="brokers to ask first; the same as --set kafka.bootstrap=…")
@click.option("--group", metavar="NAME", help="consumer group; the same as --set kafka.group=…")
@click.option("-v", "--verbose", is_flag=True, help="say more while running")
def command(
    config: Path | None, settings: dict[str, str], bootstrap: str | None, group: str | None, verbose: bool
) -> None:
    """Run the stream: orders and mempool in, signals out.

    Start as many as you like with one group; they share the partitions. End one with Ctrl-C or SIGTERM:
    it seals what it has and leaves.

    \b
    equipoise topics create
    equipoise worker --bootstrap broker:9092 --set topics.orders='[{"name": "my-orders"}]'
    """
    from equipoise.streams.retry import sentence
    from equipoise.streams.settings import load
    from equipoise.streams.worker import run

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("equipoise").setLevel(logging.DEBUG if verbose else logging.INFO)
    named = {"kafka.bootstrap": bootstrap, "kafka.group": group}
    flags = {**settings, **{name: value for name, value in named.items() if value}}
    try:
        asyncio.run(run(load(config, flags)))
    except (ValueError, OSError, RuntimeError) as why:
        logging.getLogger("equipoise").debug("stopped by", exc_info=why)
        raise click.ClickException(sentence(why)) from why
