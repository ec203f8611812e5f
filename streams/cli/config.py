"""`equipoise config show`."""

from collections.abc import Mapping
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from equipoise.streams.cli.options import settings_options
from equipoise.streams.settings.show import Row, rows


@click.group()
def command() -> None:
    """Show every setting, with unit, default and why."""


@command.command()
@settings_options
@click.option("--changed", is_flag=True, help="only what is not a default")
@click.argument("names", nargs=-1)
def show(config: Path | None, settings: Mapping[str, str], changed: bool, names: tuple[str, ...]) -> None:
    """Every setting in force: value, where it came from, unit and why. Secrets are masked.

    NAMES limit the list to those that begin so.

    \b
    equipoise config show kafka
    EQUIPOISE_TIME__WINDOW_MS=250 equipoise config show --changed

    A setting comes from --set first, then EQUIPOISE_GROUP__NAME in the environment, then the TOML file.
    """
    try:
        found = rows(config, settings)
    except (ValueError, OSError) as why:
        raise click.ClickException(str(why)) from why
    wanted = [row for row in found if row.name.startswith(names or "") and not (changed and row.source == "default")]
    if names and not any(row.name.startswith(names) for row in found):
        near = get_close_matches(names[0], [row.name for row in found], 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else "; without NAMES all are listed"
        raise click.ClickException(f"{', '.join(names)}: no such setting{hint}")
    console = Console()
    for group, members in groupby(wanted, key=lambda row: row.name.rpartition(".")[0]):
        console.print(_table(group, list(members)))


def _table(group: str, members: list[Row]) -> Table:
    table = Table(title=group, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "value", "unit", "from", "why"):
        table.add_column(heading, overflow="fold", style="dim" if heading == "from" else "")
    for row in members:
        table.add_row(row.name.rpartition(".")[2], row.value, row.unit, row.source, row.why)
    return table
