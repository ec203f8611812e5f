"""`equipoise simulate`: a simulated market as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from equipoise.streams.simulator.files import SimulationFiles

_COUNTS = {
    "orders": "order events",
    "pending": "mempool records",
    "takers": "orders that took liquidity",
    "informed": "of them by the informed",
    "bursts": "bursts, one for each instrument they reach",
}


@click.command("simulate")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="folder for the files")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="length in event time")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="another seed, another market")
@click.option("--instruments", type=click.IntRange(1, 1_000), default=4, show_default=True,
              help="how many; the fourth is a pool that trades through the mempool")  # fmt: skip
@click.option("--rate", type=click.FloatRange(1, 10_000_000), default=3_000.0, show_default=True,
              help="order events per second of event time, all books together (about)")  # fmt: skip
@click.option("--format", "file_format", type=click.Choice(["avro", "jsonl"]), default="avro", show_default=True,
              help="of the order events")  # fmt: skip
def command(out: Path, seconds: float, seed: int, instruments: int, rate: float, file_format: str) -> None:
    """Write a market whose truth is known, to score signals against.

    Background takers come in clusters (each order makes the next one likelier), makers quote around a
    fair price that takers push, and every 15 to 30 s a hidden value jumps: informed takers trade towards
    it for some seconds before the news is public. Swaps wait in a mempool before they trade in a pool.

    OUT gets the order events and the mempool records as a feed would carry them, and apart from them the
    truth: takers.parquet (who was informed), bursts.parquet (when the value jumped), transactions.parquet.
    The same options give the same bytes, on any machine.

    \b
    equipoise simulate --out market --seconds 120 --seed 7
    """
    from equipoise.streams.simulator import Simulator, SimulatorSettings, make_markets
    from equipoise.streams.simulator.files import SimulationFiles

    try:
        settings = SimulatorSettings(seed=seed, instruments=make_markets(instruments), rate=rate)
    except ValueError as why:
        raise click.ClickException(str(why)) from why
    console = Console(stderr=True)
    try:
        summary = _run(console, SimulationFiles(Simulator(settings), out, file_format), seconds, settings.start_ns)
    except OSError as why:
        raise click.ClickException(f"{out}: {why}") from why
    console.print(_table(summary))
    console.print(f"written to {out}", highlight=False)


def _run(console: Console, files: "SimulationFiles", seconds: float, start_ns: int) -> dict[str, Any]:
    columns = (TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("", total=seconds)
        return files.write(seconds, lambda chunk: bar.update(row, completed=(chunk.end_ns - start_ns) / 1e9))


def _table(summary: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None)
    for name, words in _COUNTS.items():
        table.add_row(f"{summary[name]:,}", words)
    return table
