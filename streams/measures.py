"""Which measures there are, ours and those of installed packages, and which of them the settings turn on."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.registry import CORE, OURS
from equipoise.processors.panel.settings import Active, PanelSettings, active

GROUP: Final = "equipoise.measures"  # entry points of other packages


@cache
def installed() -> Mapping[str, Measure]:
    """Every measure that can be turned on, by name: ours, then those of other packages in the order of their names.

    Raises:
        ValueError: an entry point cannot be loaded, is no measure, or takes a name that is taken.
    """
    found = {measure.name: measure for measure in OURS}
    taken = {measure.name for measure in CORE} | found.keys()
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            measure = point.load()
        except Exception as why:  # another package's code: whatever is wrong with it, ours goes on to say so
            cause = f"{type(why).__name__}: {why}"
            raise ValueError(f"{GROUP}: {point.name} = {point.value}: {cause}; mend or uninstall that package") from why
        if not isinstance(measure, Measure):
            raise ValueError(f"{GROUP}: {point.name} = {point.value}: {type(measure).__name__}, must be a Measure")
        if measure.name in taken:
            raise ValueError(f"{GROUP}: {point.name} = {point.value}: the name {measure.name} is taken")
        taken.add(measure.name)
        found[measure.name] = measure
    return found


def panel_settings(
    on: list[str], parameters: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]
) -> PanelSettings:
    """What the engine is told.

    Args:
        on: names of measures; `all` stands for every one.
        parameters: by measure and parameter.
        weights: in the score, by output.

    Raises:
        ValueError: an unknown name, or a value outside its bounds.
    """
    known = installed()
    _known("measures.on", [name for name in on if name != "all"], known)
    _known("measures", parameters, known)
    chosen = [measure for name, measure in known.items() if "all" in on or name in on]
    _weighing(weights, chosen)
    return PanelSettings(tuple(_active(measure, parameters.get(measure.name, {}), weights) for measure in chosen))


def _active(measure: Measure, parameters: Mapping[str, float], weights: Mapping[str, float]) -> Active:
    named = {output.name: measure.output_name(output) for output in measure.outputs}
    own = {name: weights[published] for name, published in named.items() if published in weights}
    return active(measure, own, **parameters)


def _weighing(weights: Mapping[str, float], chosen: Iterable[Measure]) -> None:
    """Names of no output; a weight of one that may not weigh is refused with its bound, by `active`."""
    component = {measure.output_name(output): output.component for measure in chosen for output in measure.outputs}
    unknown = [name for name in weights if name not in component]
    if unknown:
        of_core = [measure.output_name(output) for measure in CORE for output in measure.outputs if output.component]
        weighing = [*of_core, *(name for name, weighs in component.items() if weighs)]
        _refuse("policy.weights", "no output of a measure that is on", unknown, weighing)


def _known(where: str, names: Iterable[str], known: Collection[str]) -> None:
    if unknown := [name for name in names if name not in known]:
        _refuse(where, "no such measure", unknown, known)


def _refuse(where: str, what: str, unknown: list[str], known: Collection[str]) -> None:
    close = get_close_matches(unknown[0], known, 1)
    meant = f"did you mean {close[0]}? " if close else ""
    there = ", ".join(sorted(known)) or "none"
    raise ValueError(f"{where}: {', '.join(unknown)}: {what}; {meant}there are {there}")
