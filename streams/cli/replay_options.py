"""Options of the commands that read a recording."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class DecimalText(click.ParamType):
    """Exact decimal text above 0."""

    name = "decimal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The decimal, or a usage error that names the value."""
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal(0)
        if not (number.is_finite() and number > 0):
            self.fail(f"{value!r} is not a decimal number above 0", param, ctx)
        return number


FILE = click.Path(dir_okay=False, path_type=Path)


def source_options(required: bool = True) -> Callable[[F], F]:
    """Add --instrument, --tick, --lot, --instruments and --split."""
    return lambda command: _add(command, required)


def _add(command: F, required: bool) -> F:
    for option in (
        click.option("--split", is_flag=True, help="a topic a channel (book, trades), merged by arrival stamp"),
        click.option(
            "--instruments",
            "listings",
            type=FILE,
            multiple=True,
            help="file of instruments (TOML [[instruments]] tables, or JSON); may be repeated",
        ),
        click.option("--lot", type=DecimalText(), help="quantity units of one lot [default: inferred, and shown]"),
        click.option("--tick", type=DecimalText(), help="price units of one tick [default: inferred, and shown]"),
        click.option("--instrument", required=required, metavar="VENUE:SYMBOL", help="whose recording this is"),
    ):
        command = option(command)
    return command
