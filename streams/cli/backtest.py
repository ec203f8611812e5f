"""`equipoise backtest`: a recording through the same engine, without Kafka."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from equipoise.streams.cli.options import settings_options
from equipoise.streams.cli.replay_options import FILE, source_options


@click.command("backtest")
@click.argument("preset")
@click.argument("files", nargs=-1, required=True, type=FILE)
@source_options()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="folder for the outputs")
@click.option("--jsonl", is_flag=True, help="also JSON lines")
@click.option("--avro", is_flag=True, help="also keys and exact payloads (Avro object containers)")
@click.option("--plot", is_flag=True, help="also a picture, for paper and for a dark screen (PNG and SVG)")
@click.option("--plot-measures", is_flag=True, help="also a page for each measure that is on (PNG), both looks")
@click.option("--book", type=FILE, help="best bid and ask after every event group, as a Parquet file")
@settings_options
def command(
    preset: str,
    files: tuple[Path, ...],
    instrument: str,
    tick: Decimal | None,
    lot: Decimal | None,
    listings: tuple[Path, ...],
    split: bool,
    out: Path,
    jsonl: bool,
    avro: bool,
    plot: bool,
    plot_measures: bool,
    book: Path | None,
    config: Path | None,
    settings: dict[str, str],
) -> None:
    """Run FILE… through the engine of the worker, faster than real time.

    PRESET is a built-in format (lobster, databento-mbo, binance, …) or a mapping file (TOML). Several
    files are one recording, in the order given. OUT gets windows, spread-signals and fee-signals as
    Parquet, summary.json, and dead-letters.jsonl with what could not be read and why.

    \b
    equipoise backtest binance btcusdt.gz --instrument BINANCE:BTCUSDT --out result --plot
    """
    from equipoise.streams.listing import ListingError
    from equipoise.streams.replay.backtest import Plan, backtest
    from equipoise.streams.replay.source import Source, open_source
    from equipoise.streams.settings.engine import engine_settings
    from equipoise.streams.settings.tree import load
    from equipoise.streams.sources.files import RecordingError

    console = Console(stderr=True)
    formats = frozenset({"parquet", *(["jsonl"] if jsonl else []), *(["avro"] if avro else [])})
    try:
        tree = load(config, settings)
        chosen = engine_settings(tree)
        listings += (tree.instruments.file,) if tree.instruments.file else ()
        opened = open_source(Source(preset, files, instrument, tick, lot, listings, split))
        for note in opened.recording.notes:
            console.print(note, highlight=False)
        with _bar(console) as bar:
            row = bar.add_task(opened.key, total=1)
            summary = backtest(
                opened,
                chosen,
                Plan(out, formats, book),
                lambda done, total: bar.update(row, completed=done, total=total),
            )
    except (RecordingError, ListingError, OSError, ValueError) as why:
        raise click.ClickException(str(why)) from why
    console.print(_table(summary))
    if plot or plot_measures:
        _plot(console, out, plot, plot_measures)
    console.print(f"written to {out}", highlight=False)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console)


def _table(summary: dict[str, Any]) -> Table:
    """Records in and what became of them; signals out; how much faster than it happened."""
    table = Table(box=None, show_header=False)
    for name in ("records_in", "used", "late", "flagged", "dead_lettered", "windows", "spread_signals", "fee_signals"):
        table.add_row(name.replace("_", " "), f"{summary[name]:,}")
    for cause, count in summary["causes"].items():
        table.add_row(f"  {cause}", f"{count:,}")
    speed = summary["event_seconds"] / max(summary["seconds"], 1e-3)
    table.add_row("seconds", f"{summary['seconds']:.1f} for {summary['event_seconds']:,.0f} recorded ({speed:,.0f}×)")
    return table


def _plot(console: Console, out: Path, whole: bool, measures: bool) -> None:
    from equipoise.streams.replay.plot import draw
    from equipoise.streams.replay.plot_measures import draw_measures
    from equipoise.streams.replay.series import NothingToDrawError, instruments

    keys = instruments(out)
    if not keys:
        console.print("no spread signal was published: nothing to draw")
    for key in keys:
        try:
            drawn = [*(draw(out, key) if whole else ()), *(draw_measures(out, key) if measures else ())]
            console.print(f"drew {', '.join(path.name for path in drawn)}", highlight=False)
        except NothingToDrawError as why:
            console.print(str(why), highlight=False)
