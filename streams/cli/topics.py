"""`equipoise topics create|list|check`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click
from confluent_kafka import KafkaException
from rich.console import Console
from rich.table import Table

from equipoise.streams.cli.options import settings_options
from equipoise.streams.retry import sentence
from equipoise.streams.settings import load
from equipoise.streams.topics import Topics, wanted

T = TypeVar("T")


@click.group()
def command() -> None:
    """Create and check the topics.

    \b
    equipoise topics create --set kafka.bootstrap=broker:9092 --set topics.replication=3
    """


@command.command()
@settings_options
def create(config: Path | None, settings: Mapping[str, str]) -> None:
    """Make every topic that is missing, with the right cleanup policy and number of partitions.

    Topics that exist are left as they are; `equipoise topics check` says where they differ.
    """
    results = _asked(lambda: Topics(load(config, settings)).create())
    for name, result in results.items():
        click.echo(f"{name:32} {result}")
    if not set(results.values()) <= {"created", "exists"}:
        sys.exit(1)


@command.command(name="list")
@settings_options
def list_(config: Path | None, settings: Mapping[str, str]) -> None:
    """Every topic that a worker with these settings uses, and whether it is there."""
    existing = _asked(lambda: Topics(load(config, settings)).partitions())
    table = Table("topic", "partitions", "cleanup", "what", box=None, padding=(0, 2, 0, 0))
    for topic in wanted(load(config, settings)):
        there = existing.get(topic.name)
        table.add_row(topic.name, "missing" if there is None else str(there), topic.cleanup, topic.why)
    Console().print(table)


@command.command()
@settings_options
def check(config: Path | None, settings: Mapping[str, str]) -> None:
    """Say what is missing or wrong; exit status 1 where something is."""
    problems = _asked(lambda: Topics(load(config, settings)).problems())
    for problem in problems:
        click.echo(problem)
    if problems:
        sys.exit(1)
    click.echo("all topics are as they should be")


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except (ValueError, OSError) as why:
        raise click.ClickException(str(why)) from why
    except KafkaException as why:
        raise click.ClickException(sentence(why)) from why
