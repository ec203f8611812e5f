"""The tables and plots of what was measured, into README.md and docs/benchmarks.md between their markers.

python -m benchmarks.report        from benchmarks/results.json
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import CONTESTANTS
from benchmarks.home import ROOT
from benchmarks.results import RESULTS, read

Figures = Mapping[str, Mapping[str, Any]]
_README: Final = ROOT / "README.md"
_PAGE: Final = ROOT / "docs/benchmarks.md"
MATRIX: Final = (
    ("records a batch", ("@1-a-batch", "@10-a-batch", "@100-a-batch", "@1000-a-batch", "")),
    ("codec", ("", "@lz4", "@zstd")),
    ("instruments", ("", "@8-zipf", "@10000-uniform", "@10000-zipf")),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A number to reach: a figure, or a ratio of two, and a bound."""

    what: str
    figure: str
    of: str = ""  # the figure that it is divided by
    bound: float = 1.0
    most: bool = False  # the bound is the most that it may be
    scale: float = 1.0
    unit: str = "×"

    def row(self, figures: Figures) -> str:
        """One line of the table; a figure that was not measured says so."""
        value = self.value(figures)
        sign = "≤" if self.most else "≥"
        asked = f"{sign} {self.bound:,g} {self.unit}"
        if value is None:
            return f"| {self.what} | {asked} | not measured | |"
        reached = value <= self.bound if self.most else value >= self.bound
        return f"| {self.what} | {asked} | {value:,.3g} {self.unit} | {'yes' if reached else '**no**'} |"

    def value(self, figures: Figures) -> float | None:
        """The figure's median, or the ratio of the medians."""
        medians = [figures.get(name, {}).get("median") for name in (self.figure, self.of) if name]
        if None in medians:
            return None
        return float(medians[0] / medians[1] if self.of else medians[0]) * self.scale


_CPU: Final = "equipoise-all-cpu"
_LATENCY: Final = (
    Target("decision latency at 10,000 orders/s, p50", "decision-latency-p50", "", 200, True, 1, "µs"),
    Target("decision latency at 10,000 orders/s, p99", "decision-latency-p99", "", 1_000, True, 1, "µs"),
    Target("produced → consumed at 10,000 orders/s, p99", "end-to-end-p99", "", 10, True, 1, "ms"),
)
TARGETS: Final = (
    Target("everything on", "equipoise-all", "", 1e3, scale=1e-3, unit="k records/s"),
    Target("everything on, beside Faust's equal work (agent)", "equipoise-all", "faust-agent", 100),
    Target("everything on, beside Kafka Streams with its one sum", "equipoise-all", "kafka-streams", 1),
    Target("equal work, beside Kafka Streams", "equipoise-volume", "kafka-streams", 3),
    Target("equal work, beside Flink", "equipoise-volume", "flink", 1),
    Target("equal work: CPU beside Flink's", "equipoise-volume-cpu", "flink-cpu", 0.75, True),
    Target("equal work, beside Flink in one chain", "equipoise-volume", "flink-chained", 1),
    Target("equal work: CPU beside Flink's in one chain", "equipoise-volume-cpu", "flink-chained-cpu", 0.75, True),
    Target("equal work, beside plain Java, default fetch", "equipoise-volume", "plain-java", 2 / 3),
    Target("equal work, beside plain Java, tuned fetch (to know)", "equipoise-volume", "plain-java-tuned", 2 / 3),
    Target("equal work, beside bare fetch (aiokafka's client)", "equipoise-volume", "fetch-only", 0.5),
    Target("equal work, beside bare fetch (Java's consumer)", "equipoise-volume", "fetch-java", 0.5),
    Target("equal work, beside bare fetch (a plain socket; to know)", "equipoise-volume", "fetch-socket", 0.5),
    Target("equal work, 10 records a batch", "equipoise-volume@10-a-batch", "", 500, scale=1e-3, unit="k records/s"),
    Target("CPU an order, 10,000 instruments beside 8", "equipoise-all@10000-uniform-cpu", _CPU, 1.2, True),
    *_LATENCY,
    Target("recovery, 10,000 instruments", "recovery-10000-instruments", "", 5, True, 1, "s"),
    Target("recovery, a book of a million orders", "recovery-million-orders", "", 10, True, 1, "s"),
    Target("start, kernels cached", "start-cached", "", 3, True, 1, "s"),
    Target("start, nothing cached", "start-cold", "", 15, True, 1, "s"),
)  # fmt: skip


def spread(figure: Mapping[str, Any] | None, scale: float, digits: str) -> str:
    """Median and spread, or what became of it."""
    if figure is None:
        return "–"
    if figure["median"] is None:
        return "failed"
    low, middle, high = (format(figure[part] * scale, digits) for part in ("min", "median", "max"))
    return f"{middle} ({low}–{high})"


def comparison(figures: Figures) -> Iterator[str]:
    """The main table: fastest first, after ours."""
    yield "| | k records/s | CPU s per million | cold, k records/s | peak MB | runs |"
    yield "|---|--:|--:|--:|--:|--:|"
    for name in ordered(figures):
        parts = [figures.get(name + end) for end in ("", "-cpu", "-cold", "-memory")]
        cells = [spread(part, *how) for part, how in zip(parts, _COLUMNS, strict=True)]
        title = CONTESTANTS[name].title
        bold = f"**{title}**" if name.startswith("equipoise") else title
        yield f"| {bold} (`{name}`) | {' | '.join(cells)} | {len((parts[0] or {}).get('runs', ()))} |"


_COLUMNS: Final = ((1e-3, ",.0f"), (1.0, ",.2f"), (1e-3, ",.0f"), (1.0, ",.0f"))


def ordered(figures: Figures, suffix: str = "") -> list[str]:
    """Contestants that have a figure: ours, then the others by rate; what failed comes last."""
    there = [name for name in CONTESTANTS if name + suffix in figures]
    rate = {name: figures[name + suffix]["median"] or 0.0 for name in there}
    return sorted(there, key=lambda name: (not name.startswith("equipoise"), -rate[name]))


def matrix(figures: Figures, what: str, suffixes: Sequence[str]) -> Iterator[str]:
    """Rates over one property of the data; nothing where only the main suite was measured."""
    names = [name for name in ordered(figures) if any(name + suffix in figures for suffix in suffixes if suffix)]
    if not names:
        return
    titles = [_SUFFIX.get(suffix, suffix.strip("@").removesuffix("-a-batch")) for suffix in suffixes]
    if what != "records a batch":
        titles[0] = {"codec": "none", "instruments": "8-uniform"}[what]
    yield f"| k records/s (CPU s per million), by {what} | {' | '.join(titles)} |"
    yield f"|---|{'--:|' * len(suffixes)}"
    for name in names:
        cells = []
        for suffix in suffixes:
            rate, cpu = figures.get(name + suffix), figures.get(f"{name}{suffix}-cpu")
            numbers = rate and cpu and rate["median"] is not None
            cells.append(f"{rate['median'] / 1e3:,.0f} ({cpu['median']:.2f})" if numbers else "–")  # type: ignore[index]
        yield f"| {CONTESTANTS[name].title} | {' | '.join(cells)} |"


_SUFFIX: Final = {"": "15000"}


def others(figures: Figures) -> Iterator[str]:
    """Whatever belongs to no contestant: latencies, recovery, measures and so on."""
    known = {name + end for name in figures for end in ("-cpu", "-cold", "-memory")}
    rest = [name for name in figures if name.split("@")[0] not in CONTESTANTS and name not in known]
    if rest:
        yield "| figure | unit | median (least–most) | runs |"
        yield "|---|---|--:|--:|"
    for name in rest:
        figure = figures[name]
        yield f"| `{name}` | {figure['unit']} | {spread(figure, 1, ',.4g')} | {len(figure['runs'])} |"


def failures(figures: Figures) -> Iterator[str]:
    """What failed, and why."""
    for name, figure in figures.items():
        if figure.get("error") and not name.endswith("-cpu"):
            yield f"- `{name}` failed: {figure['error']}"


def targets(figures: Figures) -> Iterator[str]:
    """What was asked for, beside what was measured."""
    yield "| number to reach | asked | measured | reached |"
    yield "|---|--:|--:|---|"
    for target in TARGETS:
        yield target.row(figures)


def fill(path: Path, name: str, text: str) -> None:
    """Put text between `<!-- name -->` and `<!-- /name -->`. Raises ValueError where the markers are not there."""
    page = path.read_text()
    new, count = re.subn(
        rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda found: f"{found[1]}{text}\n{found[2]}", page, flags=re.S
    )
    if count != 1:
        raise ValueError(f"{path.name}: {count} pairs of markers {name}, must be one")
    path.write_text(new)


def publish(figures: Figures, notes: str = "", sections: str = "") -> None:
    """Write tables and plots of these figures: notes before them, sections of single parts behind."""
    from benchmarks.plots import draw  # matplotlib takes a second to import

    draw(figures, ordered(figures), ROOT / "docs/images")
    tables: list[Callable[[Figures], Iterator[str]]] = [comparison, targets, others, failures]
    parts = ["\n".join(table(figures)) for table in tables]
    parts[1:1] = ["\n".join(matrix(figures, *asked)) for asked in MATRIX]
    fill(_README, "bench", "\n".join(comparison(figures)))
    fill(_PAGE, "bench", "\n\n".join(part for part in [notes, *parts, sections] if part))


if __name__ == "__main__":
    publish(read(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS))
