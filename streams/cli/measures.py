"""`equipoise measures`."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from equipoise.processors.measures.measure import Measure


@click.command()
@click.argument("name", required=False)
@click.option("--cost", is_flag=True, help="also measure what NAME costs on this machine (some seconds)")
def command(name: str | None, cost: bool) -> None:
    """List every measure of imbalance and toxicity, or teach the one called NAME.

    \b
    equipoise measures
    equipoise measures vpin --cost

    Those of the score are always on; measures.on chooses among the others, measures.NAME.PARAMETER sets them, and
    policy.weights.OUTPUT lets an output weigh in the score.
    """
    from equipoise.processors.measures.registry import CORE
    from equipoise.streams.measures import installed

    try:
        known = {measure.name: measure for measure in CORE} | dict(installed())
    except ValueError as why:
        raise click.ClickException(str(why)) from why
    console = Console(highlight=False)
    if name is None:
        console.print(_list(list(known.values())))
    elif name in known:
        _teach(console, known[name], cost)
    else:
        near = get_close_matches(name, known, 1, 0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise click.ClickException(f"{name}: no such measure; {hint}")


_WHOLE = ("measure", "output", "parameter", "range", "weight", "class")


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(
            heading, overflow="fold", no_wrap=heading in ("measure", "output", "parameter", "range", "weight", "class")
        )
    return table


def _list(measures: list["Measure"]) -> Table:
    from equipoise.streams.measure_page import span

    table = _table("measure", "output", "unit", "range", "weight", "class")
    table.caption = "published as MEASURE_OUTPUT; a weight where the output may be part of the score"
    for measure in measures:
        for k, output in enumerate(measure.outputs):
            weight = f"{output.weight:g}" if output.component else ""
            name, order = (measure.name, measure.order.value) if k == 0 else ("", "")
            table.add_row(name, output.name, output.unit, span(output.low, output.high), weight, order)
    return table


def _teach(console: Console, measure: "Measure", cost: bool) -> None:
    from equipoise.streams.measure_page import facts, number, span

    console.print(f"[bold]{measure.title}[/] ({measure.name})\n", soft_wrap=True)
    for heading, text in facts(measure):
        console.print(f"[dim]{heading:16}[/]", end="")
        console.print(text, markup=False, soft_wrap=True)
    outputs = _table("output", "unit", "range", "formula")
    for output in measure.outputs:
        outputs.add_row(measure.output_name(output), output.unit, span(output.low, output.high), output.formula)
    console.print()
    console.print(outputs)
    if measure.parameters:
        parameters = _table("parameter", "default", "unit", "bounds", "why")
        for p in measure.parameters:
            parameters.add_row(p.name, number(p.default), p.unit, span(p.low, p.high), p.why)
        where = "measures" if measure.value is None else f"measures.{measure.name}"
        console.print(f"\nset as {where}.PARAMETER:")
        console.print(parameters)
    if cost:
        console.print(f"\ncost here: {_cost(measure)}")


def _cost(measure: "Measure") -> str:
    from equipoise.streams.measure_cost import load, nanoseconds

    if measure.value is None:
        return "part of the engine, not told apart"
    (alone, _), (with_it, _) = nanoseconds(load(60_000), [[], [measure]], 7)
    return f"{max(with_it - alone, 0.0):.0f} ns an event"
