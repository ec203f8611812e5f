"""`equipoise doctor`."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console

from equipoise.streams.cli.options import settings_options


@click.command()
@settings_options
def command(config: Path | None, settings: Mapping[str, str]) -> None:
    """Check broker, topics, registry, clock, instruments and kernels, and say what to do.

    Exit status 1 where a worker with these settings would not run well.

    \b
    equipoise doctor --set kafka.bootstrap=broker:9092
    """
    from equipoise.streams.doctor import examine
    from equipoise.streams.settings import load

    console, bad = Console(highlight=False), 0
    try:
        loaded = load(config, settings)
    except (ValueError, OSError) as why:
        raise click.ClickException(str(why)) from why
    for finding in examine(loaded):
        bad += not finding.ok
        mark = "[green]ok  [/]" if finding.ok else "[red]FAIL[/]"
        console.print(f"{mark} {finding.what:12}", end="")
        console.print(finding.said, markup=False, soft_wrap=True)
        if not finding.ok and finding.advice:
            console.print(f"     -> {finding.advice}", markup=False, soft_wrap=True)
    if bad:
        sys.exit(1)
    console.print("\na worker with these settings can run: equipoise worker")
