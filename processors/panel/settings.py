"""Which measures are on, with which parameters, and what weighs in the score. Frozen."""

from dataclasses import dataclass

from equipoise.processors.measures.measure import Measure, Output


@dataclass(frozen=True, slots=True)
class Active:
    """One measure that is on."""

    measure: Measure
    parameters: tuple[float, ...]  # in the order of measure.parameters
    weights: tuple[float, ...]  # of each output in the score; > 0 for components only

    def __post_init__(self) -> None:
        """Refuse what does not fit the measure.

        Raises:
            ValueError: naming the field, the value and the bound.
        """
        measure = self.measure
        if len(self.parameters) != len(measure.parameters) or len(self.weights) != len(measure.outputs):
            raise ValueError(f"{measure.name}: one value for each parameter and one weight for each output are needed")
        for output, weight in zip(measure.outputs, self.weights, strict=True):
            if weight < 0 or (weight > 0 and not output.component):
                bound = "must be >= 0" if output.component else "must be 0: it is no component of the score"
                raise ValueError(f"weight of {measure.output_name(output)}: {weight}, {bound}")


def active(measure: Measure, weights: dict[str, float] | None = None, **parameters: float) -> Active:
    """A measure with some parameters and weights set, and its defaults for the others. Raises ValueError."""
    given = weights or {}
    if unknown := given.keys() - {output.name for output in measure.outputs}:
        raise ValueError(f"weight of {measure.name}: no output {', '.join(sorted(unknown))}")
    of_outputs = tuple(given.get(output.name, output.weight) for output in measure.outputs)
    return Active(measure, measure.values_of(parameters), of_outputs)


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """The measures that are on, besides those that the kernel computes itself."""

    active: tuple[Active, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a name twice. Raises ValueError."""
        names = [each.measure.name for each in self.active]
        if len(set(names)) < len(names):
            raise ValueError(f"measures: {', '.join(sorted(names))}, each name must be there once")

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of all outputs, in the order of their columns."""
        return tuple(each.measure.output_name(output) for each in self.active for output in each.measure.outputs)

    @property
    def components(self) -> tuple[tuple[int, Output, float], ...]:
        """(number of the measure, output, weight) of each output that weighs in the score."""
        return tuple(
            (number, output, weight)
            for number, each in enumerate(self.active)
            for output, weight in zip(each.measure.outputs, each.weights, strict=True)
            if weight > 0
        )

    @property
    def component_names(self) -> tuple[str, ...]:
        """The names of the outputs that weigh in the score."""
        return tuple(self.active[number].measure.output_name(output) for number, output, _ in self.components)
