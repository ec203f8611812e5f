"""`equipoise explain`: one signal, recomputed from its source records."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from equipoise.streams.cli.options import settings_options
from equipoise.streams.cli.replay_options import FILE, DecimalText

if TYPE_CHECKING:
    from equipoise.streams.replay.explain import Explanation
    from equipoise.streams.settings import Settings


@click.command("explain")
@click.argument("signal_id")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--replay", metavar="PRESET", help="from a backtest: the format of FILE…, its recording")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="from a backtest: its --out")
@click.option("--tick", type=DecimalText(), help="as given to the backtest")
@click.option("--lot", type=DecimalText(), help="as given to the backtest")
@click.option("--instruments", "listings", type=FILE, multiple=True, help="as given to the backtest")
@click.option("--split", is_flag=True, help="as given to the backtest")
@click.option("--records", type=click.IntRange(0, 10_000), default=12, show_default=True, help="how many to show")
@click.option("--hex", "whole_bytes", is_flag=True, help="both byte strings whole, instead of their digests")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a published record, for scripts")
@settings_options
def command(
    signal_id: str,
    files: tuple[Path, ...],
    replay: str | None,
    folder: Path | None,
    tick: Decimal | None,
    lot: Decimal | None,
    listings: tuple[Path, ...],
    split: bool,
    records: int,
    whole_bytes: bool,
    as_json: bool,
    config: Path | None,
    settings: dict[str, str],
) -> None:
    """Why SIGNAL_ID said what it said: the records, the components, and whether the bytes come again.

    Reads the signal from its topic, reads the source records again from where the worker began, and
    recomputes it with these settings, which must be the worker's. Ends with status 1 where the bytes
    differ or cannot be recomputed, for instance because the source no longer holds the records.

    \b
    equipoise explain BINANCE:BTCUSDT/live/20311
    equipoise explain BINANCE:BTCUSDT/live/20311 --folder result --replay binance btcusdt.gz
    """
    from confluent_kafka import KafkaException

    from equipoise.schemas.errors import SchemasError
    from equipoise.streams.listing import ListingError
    from equipoise.streams.replay.explain import ExplainError
    from equipoise.streams.replay.explain import as_json as json_lines
    from equipoise.streams.replay.explain_text import lines
    from equipoise.streams.replay.source import Source
    from equipoise.streams.replay.trail import SignalId, SignalIdError
    from equipoise.streams.settings.tree import load
    from equipoise.streams.sources.files import RecordingError
    from equipoise.streams.topics import TopicsError

    if bool(replay) != bool(folder) or bool(replay) != bool(files):
        raise click.UsageError("a backtest is explained with --folder FOLDER, --replay PRESET and FILE… together")
    try:
        tree = load(config, settings)
        wanted = SignalId.parse(signal_id)
        if replay and folder:
            source = Source(replay, files, wanted.key, tick, lot, listings, split)
            found = _offline(tree, source, folder, signal_id, records)
        else:
            found = _live(tree, signal_id, records)
    except KafkaException as why:
        raise click.ClickException(f"kafka.bootstrap {tree.kafka.bootstrap}: {why.args[0].str()}") from why
    except (
        ExplainError, SignalIdError, RecordingError, ListingError, SchemasError, TopicsError, OSError, ValueError,
    ) as why:  # fmt: skip
        raise click.ClickException(str(why)) from why
    if as_json:
        for line in json_lines(found):
            click.echo(line)
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.width = max(console.width, 130)  # a table of records is of no use cut
        for part in lines(found, whole_bytes):
            console.print(part)
    if not found.same:
        raise SystemExit(1)


def _offline(tree: "Settings", source: object, folder: Path, signal_id: str, keep: int) -> "Explanation":
    from equipoise.streams.replay.explain import from_recording, in_folder
    from equipoise.streams.replay.source import Source, open_source
    from equipoise.streams.settings.engine import engine_settings

    assert isinstance(source, Source)
    published = in_folder(folder, signal_id)
    return from_recording(open_source(source), engine_settings(tree), signal_id, published, keep)


def _live(tree: "Settings", signal_id: str, keep: int) -> "Explanation":
    from equipoise.streams.framing import schema_source
    from equipoise.streams.replay.explain_kafka import from_kafka, on_topics

    schemas = schema_source(tree)
    return from_kafka(tree, schemas, signal_id, on_topics(tree, schemas, signal_id), keep)
