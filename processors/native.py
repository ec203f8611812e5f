"""What kernels need to call a C library: addresses of arrays, words of memory, and calls by address.

numba does not cache what calls a `ctypes` function by name, so functions come in as addresses. With the JIT off
ctypes does the same. All words are signed integers of 64 bits, which is how C takes pointers, sizes and smaller
integers on the machines that we run on.
"""

import ctypes
from collections.abc import Callable
from typing import Any, Final

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic

from equipoise.processors.jit import PLAIN

_WORD: Final = ir.IntType(64)


def of_words(count: int, emit: Callable[..., Any], result: Any = types.int64) -> Any:
    """What kernels call with so many words, and LLVM's instructions for it."""

    def code(context: Any, builder: Any, _: Any, words: Any) -> Any:
        made = emit(builder, *words)
        return context.get_dummy_value() if result == types.void else made

    typed = result(*[types.int64] * count), code
    shapes: dict[int, Callable[..., Any]] = {  # numba counts the arguments
        1: lambda _, _a: typed,
        2: lambda _, _a, _b: typed,
        3: lambda _, _a, _b, _c: typed,
        4: lambda _, _a, _b, _c, _d: typed,
    }
    return intrinsic(shapes[count])


def _to(builder: Any, address: Any, kind: Any = _WORD) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _load(builder: Any, address: Any) -> Any:
    return builder.load(_to(builder, address), typ=_WORD)


def _store(builder: Any, address: Any, word: Any) -> None:
    builder.store(word, _to(builder, address))


def _store_last(builder: Any, address: Any, word: Any) -> None:
    builder.store_atomic(word, _to(builder, address), "release", 8)


def _call(builder: Any, function: Any, *words: Any) -> Any:
    return builder.call(_to(builder, function, ir.FunctionType(_WORD, [_WORD] * len(words))), words)


def _copy(builder: Any, to: Any, start: Any, size: Any) -> None:
    byte = ir.IntType(8)
    cgutils.raw_memcpy(builder, _to(builder, to, byte), _to(builder, start, byte), size, 1)  # type: ignore[no-untyped-call]


@intrinsic
def _address(_: Any, array: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.ptrtoint(made.data, _WORD)

    return types.int64(array), code


def _plain_word(address: int) -> int:
    return int(ctypes.c_int64.from_address(int(address)).value)


def _put_plain_word(address: int, word: int) -> None:
    ctypes.c_int64.from_address(int(address)).value = int(word)


def _plain_copy(to: int, start: int, size: int) -> None:
    ctypes.memmove(int(to), int(start), int(size))


def _plain_call(function: int, *words: int) -> int:
    return int(ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(words))(int(function))(*map(int, words)))


address_of: Any = (lambda array: array.ctypes.data) if PLAIN else _address
"""Where an array's first element lies."""

word_at: Any = _plain_word if PLAIN else of_words(1, _load)
"""Eight bytes of memory."""

put_word: Any = _put_plain_word if PLAIN else of_words(2, _store, types.void)
"""Write eight bytes of memory: an address, a word."""

put_last_word: Any = _put_plain_word if PLAIN else of_words(2, _store_last, types.void)
"""The same, seen by other threads only after all that was written before it."""

copied: Any = _plain_copy if PLAIN else of_words(3, _copy, types.void)
"""Copy bytes of memory that do not overlap: to, from, how many."""

called: Any = _plain_call if PLAIN else of_words(4, _call)
"""What a C function returns of three words: its address, the words."""


def callback(function: Callable[[int, int, int], None]) -> Any:
    """A function of three words for C to call, from one thread and without the interpreter; `.address` says where.

    Whoever hands the address out keeps what is returned.
    """
    if PLAIN:
        made: Any = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(function)
        made.address = ctypes.cast(made, ctypes.c_void_p).value
        return made
    return numba.cfunc(types.void(*[types.int64] * 3), cache=True)(function)
