"""Ask for a line of the cache that will soon be needed: the processor goes on meanwhile.

With the JIT off it does nothing. It never changes a result.
"""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import cgutils as untyped
from numba.core import types
from numba.extending import intrinsic

from equipoise.processors.jit import PLAIN

cgutils: Any = untyped
_READ, _KEEP, _DATA = 0, 3, 1  # of llvm.prefetch: read, in all levels of the cache, data


@intrinsic
def _line(context: Any, array: Any, row: Any, byte: Any) -> Any:
    del context, row, byte

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = target.make_array(signature.args[0])(target, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, found.strides)[0]
        pointer = ir.IntType(8).as_pointer()
        start = builder.bitcast(found.data, pointer)
        at = builder.gep(start, [builder.add(builder.mul(arguments[1], stride), arguments[2])])
        number = ir.IntType(32)
        prefetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer, number, number, number]), "llvm.prefetch.p0i8"
        )
        builder.call(prefetch, [at, *(number(word) for word in (_READ, _KEEP, _DATA))])
        return target.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate


def _nothing(array: Any, row: int, byte: int) -> None:
    del array, row, byte


line: Callable[[Any, int, int], None] = _nothing if PLAIN else cast(Any, _line)
