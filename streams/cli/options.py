"""Options that several commands share: the settings file and single settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(command: F) -> F:
    """Add `--config FILE` and `--set NAME=VALUE` (repeatable)."""
    config = click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help="TOML file of settings [default: equipoise.toml, where there is one]",
    )
    single = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_pairs,
        help="one setting, for example kafka.bootstrap=broker:9092; goes over environment and file",
    )
    return config(single(command))


def _pairs(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or ("." not in name and name != "preset"):
            raise click.BadParameter(f"{word!r} is not GROUP.NAME=VALUE")
        pairs[name] = value
    return pairs
