"""Compiles a measure's functions and calls them from the kernel by their address.

Each function is compiled by itself with an explicit signature, and cached on disk like every kernel; the
kernel knows only an address, so that no kernel is compiled anew when a measure is added. A call costs 2 ns.
With the JIT off an "address" is the place of the plain function in a list.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from equipoise.processors.jit import OPTIONS, PLAIN, inner
from equipoise.processors.measures.measure import Array, Measure
from equipoise.processors.measures.observation import OBSERVATION, RESULT

_OPTIONS = {name: value for name, value in OPTIONS.items() if name != "forceinline"} | {"no_cpython_wrapper": True}


class Plain(NamedTuple):
    """A function that is run as it is, and what its records are."""

    function: Callable[..., None]
    state: np.dtype[Any]
    parameters: np.dtype[Any]


_plain: list[Plain] = []
_kept: list[Any] = []  # compiled functions: their code lives as long as they do


@cache
def addresses(measure: Measure) -> tuple[int, int]:
    """Addresses of `update` and `value`; 0 where there is none."""
    return _address(measure, measure.update, ()), _address(measure, measure.value, (RESULT,))


def _address(measure: Measure, function: Callable[..., None] | None, more: tuple[np.dtype[Any], ...]) -> int:
    if function is None:
        return 0
    if PLAIN:
        _plain.append(Plain(function, measure.state, measure.parameters_dtype))
        return len(_plain)
    records = [from_dtype(dtype) for dtype in (OBSERVATION, measure.state, measure.parameters_dtype, *more)]
    compiled = numba.njit(types.void(*records), **_OPTIONS)(function)
    _kept.append(compiled)
    result = compiled.overloads[tuple(records)]
    address: int = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
    return address


@intrinsic
def _jump(context: Any, address: Any, seen: Any, state: Any, parameters: Any, out: Any) -> Any:
    """Call a compiled function of three records, or of four where `out` is not 0. All arguments are addresses."""
    del context, address, seen, state, parameters, out
    signature = types.void(*[types.intp] * 5)

    def generate(target: Any, builder: Any, _: Any, given: Any) -> Any:
        from llvmlite import ir

        pointer = ir.IntType(8).as_pointer()
        # numba's own convention: where the result goes, where the exception goes, the arguments; returns a status
        kind = ir.FunctionType(ir.IntType(32), [pointer.as_pointer(), pointer.as_pointer(), *[pointer] * 4])
        function = builder.inttoptr(given[0], kind.as_pointer())
        result = cgutils.alloca_once(builder, pointer)  # type: ignore[no-untyped-call]
        raised = cgutils.alloca_once(builder, pointer)  # type: ignore[no-untyped-call]
        builder.call(function, [result, raised, *(builder.inttoptr(each, pointer) for each in given[1:])])
        return target.get_dummy_value()

    return signature, generate


def _record(of: Array, start: int, dtype: np.dtype[Any]) -> Array:
    """The record of `dtype` that begins at byte `start` of a flat array."""
    return of[start : start + dtype.itemsize].view(np.dtype((np.record, dtype)))[0]


def _plain_call(
    address: int, seen: Array, states: Array, i: int, state_at: int, parameters: Array, parameters_at: int
) -> tuple[Callable[..., None], Array, Array, Array]:
    which = _plain[int(address) - 1]
    state = _record(states[i], int(state_at), which.state)
    return which.function, seen[0], state, _record(parameters, int(parameters_at), which.parameters)


if PLAIN:

    def update(
        address: int, seen: Array, states: Array, i: int, state_at: int, parameters: Array, parameters_at: int
    ) -> None:
        """Run a measure's `update` on instrument `i`."""
        function, *records = _plain_call(address, seen, states, i, state_at, parameters, parameters_at)
        function(*records)

    def value(
        address: int, seen: Array, states: Array, i: int, state_at: int, parameters: Array, parameters_at: int,
        result: Array,
    ) -> None:  # fmt: skip
        """Run a measure's `value` on instrument `i`."""
        function, *records = _plain_call(address, seen, states, i, state_at, parameters, parameters_at)
        function(*records, result[0])

else:

    @inner
    def update(
        address: int, seen: Array, states: Array, i: int, state_at: int, parameters: Array, parameters_at: int
    ) -> None:
        """Run a measure's `update` on instrument `i`."""
        state = states.ctypes.data + i * states.shape[1] + state_at
        given = parameters.ctypes.data + parameters_at
        _jump(address, seen.ctypes.data, state, given, 0)  # type: ignore[call-arg]

    @inner
    def value(
        address: int, seen: Array, states: Array, i: int, state_at: int, parameters: Array, parameters_at: int,
        result: Array,
    ) -> None:  # fmt: skip
        """Run a measure's `value` on instrument `i`."""
        state = states.ctypes.data + i * states.shape[1] + state_at
        given = parameters.ctypes.data + parameters_at
        _jump(address, seen.ctypes.data, state, given, result.ctypes.data)  # type: ignore[call-arg]
