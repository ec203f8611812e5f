"""`equipoise schemas`: show, register and check the record schemas."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from equipoise.schemas import codec, published
from equipoise.schemas.errors import IncompatibleError, SchemasError, UnknownSchemaError
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.registry import Registry
from equipoise.schemas.subjects import value_subject
from equipoise.streams.cli.options import settings_options
from equipoise.streams.cli.registry_options import Target, target


def _target_options(run: Callable[..., None]) -> Callable[..., None]:
    """Give `run` a `Target` made of the settings; wrong settings and refusals become one sentence."""

    @settings_options
    @click.option("--registry", metavar="URL", help="address of the registry; the same as --set registry.url=URL")
    @wraps(run)
    def wrapped(config: Path | None, settings: Mapping[str, str], registry: str | None, **rest: Any) -> None:
        flags = dict(settings) | ({"registry.url": registry} if registry else {})
        try:
            run(target(config, flags), **rest)
        except (ValueError, OSError, SchemasError) as why:
            raise click.ClickException(str(why)) from why

    return wrapped


@click.group()
def command() -> None:
    """Show, register and check the record schemas.

    \b
    equipoise schemas show SpreadSignal
    equipoise schemas register --registry http://localhost:8081
    equipoise schemas check --registry http://localhost:8081

    Credentials come from EQUIPOISE_REGISTRY__USERNAME and EQUIPOISE_REGISTRY__PASSWORD, or from the TOML file.
    Without a registry, ids are computed from the schemas, so every worker and reader has the same ones.
    """


@command.command()
@click.argument("names", nargs=-1, metavar="[RECORD]...")
@_target_options
def show(where: Target, names: tuple[str, ...]) -> None:
    """The records with topic, subject and id; with RECORD its schema.

    \b
    equipoise schemas show
    equipoise schemas show OrderEvent
    """
    if names:
        for name in names:
            click.echo(codec.schema_text(name), nl=False)
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("record", "topic", "id", "what"):
        table.add_column(heading, overflow="fold")
    source = where.source()
    for topic, name in where.records.items():
        table.add_row(
            name, topic, _id(source, topic, name), str(codec.schema(name)["doc"]).partition(". ")[0].rstrip(".")
        )
    click.echo(f"ids: {where.place}")
    Console().print(table)


def _id(source: SchemaSource, topic: str, name: str) -> str:
    try:
        return str(source.lookup(value_subject(topic), codec.schema_text(name)))
    except UnknownSchemaError:
        return "not registered"


@command.command()
@click.option(
    "--compatibility",
    metavar="LEVEL",
    help="also set this rule for every subject, for example FULL_TRANSITIVE [default: leave the registry's]",
)
@_target_options
def register(where: Target, compatibility: str | None) -> None:
    """Register the schema of every topic, under the subject TOPIC-value. Safe to repeat.

    \b
    equipoise schemas register --registry http://localhost:8081 --compatibility FULL_TRANSITIVE
    equipoise schemas register --set registry.ids_file=ids.json

    A topic whose earlier schema forbids ours stops it, with the registry's reason.
    """
    source = where.source()
    for topic, name in where.records.items():
        subject = value_subject(topic)
        schema_id = source.register(subject, codec.schema_text(name))
        if compatibility and isinstance(source, Registry):
            source.set_compatibility(subject, compatibility)
        click.echo(f"{schema_id:>10}  {subject}  {name}")
    click.echo(f"{len(where.records)} subjects in {where.place}")


@command.command()
@click.option("--offline", is_flag=True, help="only against the published versions, even where a registry is set")
@_target_options
def check(where: Target, offline: bool) -> None:
    """Whether these schemas may replace the earlier ones; changes nothing. Exit status 1 if not.

    \b
    equipoise schemas check
    equipoise schemas check --registry http://localhost:8081

    Offline, each schema is compared with every published version of it, both ways: new workers and
    readers must read old records, and old ones new records. With a registry its own rule is asked, too.
    """
    lines = published.check()
    checked = "published versions"
    if where.registry is not None and not offline:
        registry = Registry(where.registry)
        checked += f" and {where.place}"
        for topic, name in where.records.items():
            subject = value_subject(topic)
            lines += [f"{subject}: {line}" for line in registry.check(subject, codec.schema_text(name))]
    if lines:
        raise IncompatibleError("\n".join(lines))
    click.echo(f"{len(codec.NAMES)} schemas are compatible with their {checked}")
