"""docs/measures.md, from the registry: `python -m equipoise.streams.measure_page COSTS AGREEMENTS > docs/measures.md`.

COSTS is what `python -m benchmarks.measures --write` keeps, AGREEMENTS what `python -m tests.measures.agreement
--write` keeps.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.registry import CORE, OURS
from equipoise.streams.settings.base import unit_of
from equipoise.streams.settings.feeds import CHOICES, KINDS

_HEAD = """# Measures

*Made from the registry by `python -m equipoise.streams.measure_page`; a test keeps it current.*

Every measure says what it is in one description: formula, unit, range, parameters, the paper, and when it has no
value. A value that cannot be computed is null with a reason, never 0. `equipoise measures` prints this list,
`equipoise measures NAME --cost` teaches one and measures what it costs on your machine. Each closed window
(ImbalanceWindow) carries every output in `measures`.

- **Which are on**: `measures.on` in the settings, by name; `all` by default. The six of the score are always on.
- **Parameters**: `measures.NAME.PARAMETER`, for example `measures.vpin.buckets = 50`.
- **The score**: an output that may be a component weighs by `policy.weights.OUTPUT`. What has no outside answer
  weighs 0 by default, and so does what has one but has not been set against later prices.
- **Classes**: *commutative* ones give the same bits in whatever order trades arrive, and a late trade revises its
  window exactly; *sequenced* ones are consumed in log order, and a revision repeats what they said at the close
  ([semantics](semantics.md)).

The figures are computed, not typed. How close: `EQUIPOISE_DATA=FOLDER python -m tests.measures.agreement --write` runs
the tests that compare and keeps the largest difference, relative to the answer, or how many values are not equal where
they must be. Some answers are themselves only so exact: published to four or five digits, or drawn from a sample.
`tests/measures/test_vpin_published.py` says where PINstimation's data is to be had; without it its rows are missing.
A cost is the CPU time that a measure adds to the engine, each chunk of rows by the fastest of several runs, on the
simulator's adds, cancels and executions: `python -m benchmarks.measures --write`. This page:
`python -m equipoise.streams.measure_page benchmarks/measures.json tests/measures/agreements.json > docs/measures.md`.
"""

_TAIL = """## Your own

A measure is a description and two plain functions; see [CONTRIBUTING](../CONTRIBUTING.md). From outside of this
package it comes through the entry point group `equipoise.measures`, and is compiled, checkpointed, published and
listed like ours.
"""


_FINE = 1e-9  # what is held less closely is limited by its answer


class Agreement(NamedTuple):
    """A measure beside one outside answer."""

    measure: str
    answer: str
    values: int  # compared
    difference: float  # the largest, relative; where nothing is allowed how many values differ
    allowed: float


def span(low: float, high: float) -> str:
    """A range in a few characters."""
    if low == -inf and high == inf:
        return "any"
    return f">= {number(low)}" if high == inf else f"{number(low)} .. {number(high)}"


def number(value: float) -> str:
    """Whole numbers in full: rounded, a bound would not be the bound."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def facts(measure: Measure) -> Iterator[tuple[str, str]]:
    """What is to be said of a measure beside its tables."""
    yield "paper", measure.paper
    yield "class", measure.order.value
    yield "null", measure.nulls
    if measure.notes:
        yield "note", measure.notes
    yield "outside answer", measure.answer or "none yet, so it weighs 0"


def page(costs: Mapping[str, float], agreements: Sequence[Agreement] = ()) -> str:
    """The page. `costs`: nanoseconds an event by name, as the benchmark calls them."""
    parts = [_HEAD, "\n".join(_overview(costs, agreements))]
    parts += ["\n".join(_agreements(agreements))] if agreements else []
    parts += [
        "## The score's own\n",
        *map(_section, CORE),
        "## The others\n",
        *map(_section, OURS),
        "\n".join(_feeds()),
        _TAIL,
    ]
    return "\n".join(parts)


def _overview(costs: Mapping[str, float], agreements: Sequence[Agreement]) -> Iterator[str]:
    yield "| measure | outside answer | equal, of those that must | difference | by digits or sample | ns an event |"
    yield "|---|---|---|---|---|---|"
    for measure in (*CORE, *OURS):
        own = [row for row in agreements if row.measure == measure.name]
        cost = costs.get(f"measure-{measure.name}")
        text = "part of the engine" if measure.value is None else ("–" if cost is None else f"{max(cost, 0):.0f}")
        cells = measure.name, _cell(measure.answer or "none yet: weighs 0"), *_close(own), text
        yield f"| {' | '.join(cells)} |"
    if "measures-all" in costs:
        yield f"| all together | | | | | {costs['measures-all']:.0f} |"
        yield f"| the engine without them | | | | | {costs['engine-alone']:.0f} |"
    yield ""


def _close(agreements: Sequence[Agreement]) -> tuple[str, str, str]:
    """Values that are equal where they must be, and the largest differences: to the bits' limit, to the answer's."""
    exact = [row for row in agreements if row.allowed == 0]
    fine = [row.difference for row in agreements if 0 < row.allowed <= _FINE]
    coarse = [row.difference for row in agreements if row.allowed > _FINE]
    values = sum(row.values for row in exact)
    equal = f"{values - sum(int(row.difference) for row in exact):,} of {values:,}" if exact else ""
    return equal, f"{max(fine):.0e}" if fine else "", f"{max(coarse):.0e}" if coarse else ""


def _agreements(agreements: Sequence[Agreement]) -> Iterator[str]:
    yield "### Answer by answer\n"
    yield "| measure | beside | values | largest difference | allowed |"
    yield "|---|---|---|---|---|"
    for row in agreements:
        told = (
            (f"{row.difference:.1e}", f"{row.allowed:.0e}") if row.allowed else (f"{row.difference:.0f} values", "none")
        )
        yield f"| {row.measure} | {_cell(row.answer)} | {row.values:,} | {' | '.join(told)} |"
    yield ""


def _section(measure: Measure) -> str:
    lines = [f"### {measure.name}: {measure.title}\n", *(f"- {name}: {text}" for name, text in facts(measure)), ""]
    lines += ["| output | unit | range | weight | formula |", "|---|---|---|---|---|"]
    for output in measure.outputs:
        weight = f"{output.weight:g}" if output.component else ""
        cells = measure.output_name(output), output.unit, span(output.low, output.high), weight, _cell(output.formula)
        lines.append(f"| {' | '.join(cells)} |")
    if measure.parameters:
        lines += ["", "| parameter | default | unit | bounds | why |", "|---|---|---|---|---|"]
        for p in measure.parameters:
            lines.append(f"| {p.name} | {number(p.default)} | {p.unit} | {span(p.low, p.high)} | {_cell(p.why)} |")
    return "\n".join(lines) + "\n"


def _feeds() -> Iterator[str]:
    kinds = {kind: ", ".join(feed for feed, of in KINDS.items() if of == kind) for kind in ("crypto", "equity", "thin")}
    yield "## Defaults by feed\n"
    yield '`feed = "NAME"` in the settings takes the column of that source preset; what you set yourself wins.'
    yield "Starting points with a reason each, not fits. `canonical` and mappings keep the defaults above.\n"
    yield f"| setting | unit | {' | '.join(kinds.values())} | why |"
    yield "|---|---|---|---|---|---|"
    for choice in CHOICES:
        unit = unit_of(choice.name) or {"levels": "levels", "bucket_ticks": "ticks"}.get(
            choice.name.split(".")[-1], "1"
        )
        yield f"| `{choice.name}` | {unit} | {choice.crypto} | {choice.equity} | {choice.thin} | {choice.why} |"
    yield ""


def _cell(text: str) -> str:
    """No bar may end a cell of a table."""
    return text.replace("|", "\\|")


def read_costs(path: Path) -> dict[str, float]:
    """Nanoseconds an event by name."""
    return {row["name"]: row["best"] for row in json.loads(path.read_text())}


def read_agreements(path: Path) -> list[Agreement]:
    """What the tests found, by measure."""
    return [Agreement(**row) for row in json.loads(path.read_text())]


if __name__ == "__main__":
    costs, agreements = (Path(name) for name in sys.argv[1:3])
    print(page(read_costs(costs), read_agreements(agreements)), end="")
