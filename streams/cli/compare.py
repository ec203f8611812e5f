"""`equipoise compare`: our numbers beside those that somebody else published."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from equipoise.streams.cli.replay_options import FILE, DecimalText

if TYPE_CHECKING:
    from equipoise.streams.replay.klines import Comparison


@click.group("compare")
def command() -> None:
    """Set our numbers beside those that somebody else published.

    \b
    equipoise compare klines BTCUSDT-1m-2024-08-08.csv --folder result --lot 0.001
    """


@command.command("klines")
@click.argument("file", type=FILE)
@click.option(
    "--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="a backtest's --out, same hours"
)
@click.option("--lot", required=True, type=DecimalText(), help="quantity units of one lot, as in the backtest")
@click.option("--instrument", default="", metavar="VENUE:SYMBOL", help="where the backtest had several")
@click.option("--all", "every", is_flag=True, help="list every bar, not only those that differ")
def klines(file: Path, folder: Path, lot: Decimal, instrument: str, every: bool) -> None:
    """Check signed volume against the taker-buy volume of an exchange's own bars.

    FILE is a Binance kline CSV, as in its public archive. Volumes are compared as whole lots, exactly;
    bars that the recording covers only in part are left out and counted. Ends with status 1 where a
    bar differs. For perpetuals settled in coin, whose klines count contracts, the lot is 1.

    \b
    equipoise backtest binance btcusdt.gz --instrument BINANCE:BTCUSDT --tick 0.1 --lot 0.001 --out result
    equipoise compare klines BTCUSDT-1m-2024-08-08.csv --folder result --lot 0.001
    """
    from equipoise.streams.replay.klines import KlinesError, compare, read_klines

    try:
        found = compare(folder, instrument, read_klines(file, lot))
    except (KlinesError, OSError, UnicodeDecodeError) as why:
        raise click.ClickException(str(why)) from why
    _show(found, every)
    if found.differing or not found.bars:
        raise SystemExit(1)


def _show(found: "Comparison", every: bool) -> None:
    table = Table("bar (UTC)", "theirs: buys", "sells", "ours: buys", "sells", box=None)
    for beside in found.bars if every else found.differing:
        start = datetime.fromtimestamp(beside.theirs.start_ns // 10**9, UTC)
        volumes = beside.theirs.buy, beside.theirs.sell, beside.ours.buy, beside.ours.sell
        table.add_row(f"{start:%Y-%m-%d %H:%M:%S}", *(f"{lots:,}" for lots in volumes))
    console = Console(highlight=False, soft_wrap=True)
    if table.row_count:
        console.print(table)
    left_out = f"; {found.uncovered:,} not wholly recorded" if found.uncovered else ""
    console.print(f"{len(found.bars):,} bars compared, {len(found.differing):,} differing{left_out}")
    if found.unknown:
        console.print(f"{found.unknown:,} lots in the recording name no aggressor and stand on neither side")
    if not found.bars:
        console.print("no bar lies wholly inside the recording: nothing was compared")
