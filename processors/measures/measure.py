"""The one form of a measure, ours and users': a description, and two functions over numpy records.

    update(seen, state, parameters)       takes in one observation; never allocates, never raises
    value(seen, state, parameters, out)   writes out.value[k] or out.reason[k] of each output; changes no state

Both are plain Python functions without a decorator: the panel compiles them with an explicit signature,
each on its own, or runs them as they are with the JIT off. They may call functions that are compiled by
`equipoise.processors.jit`, such as `exp2`; published floats come from + - * / sqrt, exp2 and log2 only.
A state of zeros is that of an instrument of which nothing has been seen.

Two classes (docs/semantics.md, Time). A *sequenced* measure has a state per instrument and is consumed in
log order; its value at a window's close is frozen, and revisions repeat it. A *commutative* one has no
state: its value is a function of the window's exact sums (seen.window_*, seen.cell_*), so a revision
equals a full recomputation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from equipoise.processors.measures.observation import MAX_OUTPUTS

Array = Any  # a record of one of the dtypes: neither NumPy nor numba types its fields
Update = Callable[[Array, Array, Array], None]
Value = Callable[[Array, Array, Array, Array], None]

EMPTY: Final = np.dtype([("unused", "i8")], align=True)
INF: Final = float("inf")


class Order(StrEnum):
    """What the order of arrival does to a measure."""

    SEQUENCED = "sequenced"
    COMMUTATIVE = "commutative"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a user may set, as the field calls it. Whole where the default is an int."""

    name: str
    unit: str  # "lots" and "ticks" are taken seriously: the properties scale them
    default: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Output:
    """One published number. Its name is prefixed by the measure's, unless they are the same."""

    name: str
    formula: str  # plain text
    unit: str
    low: float = -INF
    high: float = INF
    sign: int = 1  # after both sides are swapped and prices mirrored: -1 negated, 1 the same
    mirror: str = ""  # the output that it becomes then, where that is another one
    quantity_power: float = 0.0  # all quantities times 2: this value times 2**quantity_power
    component: bool = False  # may weigh in the score: in [-1, 1], positive for buying pressure
    weight: float = 0.0  # by default; a measure without an outside answer weighs 0


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure's description and its functions."""

    name: str
    title: str
    paper: str  # author, title, year, section
    order: Order
    outputs: tuple[Output, ...]
    nulls: str  # when it says nothing, and with which reason
    notes: str = ""
    answer: str = ""  # the outside answer that a test holds it to, and how close; empty: none yet
    parameters: tuple[Parameter, ...] = ()
    state: np.dtype[Any] = EMPTY
    update: Update | None = None  # None: commutative, or computed by the kernel itself
    value: Value | None = None  # None: computed by the kernel itself, always on
    trades: bool = True  # whether update is shown trades
    groups: bool = True  # whether update is shown groups
    needs_levels: bool = False
    version: int = 1  # raise it when the meaning of a stored state changes

    def __post_init__(self) -> None:
        """Refuse what the panel cannot run.

        Raises:
            ValueError: naming the measure, the field, the value and the bound.
        """
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"measure name: {self.name!r}, must be a lower-case identifier")
        if not 0 < len(self.outputs) <= MAX_OUTPUTS:
            raise ValueError(f"{self.name}.outputs: {len(self.outputs)}, must be in [1, {MAX_OUTPUTS}]")
        if self.order is Order.COMMUTATIVE and self.update is not None:
            raise ValueError(f"{self.name}.update: given, must be None: a commutative measure has no state")
        if not self.state.isalignedstruct:
            raise ValueError(f"{self.name}.state: not aligned, must be made with align=True")
        for name in (*(self.state.names or ()), *(parameter.name for parameter in self.parameters)):
            if hasattr(np.record, name):
                raise ValueError(f"{self.name}: field {name!r}, must not be an attribute of NumPy's records")
        for output in self.outputs:
            if output.component and not (output.low >= -1 and output.high <= 1 and output.sign == -1):
                raise ValueError(f"{self.name}.{output.name}: a component must lie in [-1, 1] and change its sign")
            if output.weight and not self.answer:
                raise ValueError(
                    f"{self.name}.{output.name}.weight: {output.weight}, must be 0 without an outside answer"
                )
            if output.weight and not output.component:
                raise ValueError(f"{self.name}.{output.name}.weight: {output.weight}, must be 0: it is no component")
        for parameter in self.parameters:
            check(self.name, parameter, parameter.default)

    @property
    def parameters_dtype(self) -> np.dtype[Any]:
        """One field a parameter: i8 where its default is an int, f8 otherwise."""
        fields = [(p.name, "i8" if isinstance(p.default, int) else "f8") for p in self.parameters]
        return np.dtype(fields, align=True) if fields else EMPTY

    def output_name(self, output: Output) -> str:
        """As it is published."""
        return self.name if output.name == self.name else f"{self.name}_{output.name}"

    def values_of(self, given: Mapping[str, float]) -> tuple[float, ...]:
        """The value of each parameter, given or default.

        Raises:
            ValueError: an unknown name, or a value outside its bounds.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"measures.{self.name}.{name}: no such parameter; it has {', '.join(known) or 'none'}")
            check(self.name, known[name], value)
        return tuple(given.get(name, parameter.default) for name, parameter in known.items())


def check(measure: str, parameter: Parameter, value: float) -> None:
    """Raises ValueError unless `value` is within the parameter's bounds, and whole where it must be."""
    name = f"measures.{measure}.{parameter.name}"
    if not parameter.low <= value <= parameter.high:
        raise ValueError(f"{name}: {value}, must be in [{parameter.low}, {parameter.high}] {parameter.unit}")
    if isinstance(parameter.default, int) and value != int(value):
        raise ValueError(f"{name}: {value}, must be a whole number of {parameter.unit}")
