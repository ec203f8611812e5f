"""The one place that decides how kernels are compiled.

- `cache=True`: numba checks only the file that holds a function, not the files of the functions it
  calls, so the cache folder is named by a digest of all kernel sources.
- No `fastmath`: results must be the same bits on every machine and with the JIT off.
- `error_model="numpy"`: a division by zero gives inf or NaN, as in NumPy, and costs no branch.
- `nogil`: a worker's heartbeats go on while a batch is computed.
- `_nrt=False`: no reference counts. With them one row cost 4 microseconds, without 0.25: every access to an
  array of the state was an atomic addition. So kernels may not allocate, nor assign slices.
- `no_cfunc_wrapper`: nobody hands kernels around as values, and without these wrappers all compile in 30 s
  instead of 34.
- `forceinline`: the state is some fourteen arrays, and handing them to a function costs more than most
  functions do.
"""

import hashlib
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

PLAIN = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]  # numba makes its settings at run time

F = TypeVar("F", bound=Callable[..., Any])
A = TypeVar("A")


def source_digest() -> str:
    """Hex digest over every source file of this package and the versions that compile it."""
    root = Path(__file__).parent
    digest = hashlib.sha256(f"{numba.__version__} {platform.python_version()}".encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: EQUIPOISE_KERNEL_CACHE, else the user's cache folder."""
    base = os.environ.get("EQUIPOISE_KERNEL_CACHE")
    folder = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "equipoise"
    return folder / f"kernels-{source_digest()}"


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]  # numba makes its settings at run time


OPTIONS: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "nogil": True,
    "forceinline": True,
    "_nrt": False,
    "no_cfunc_wrapper": True,
}


def njit(function: F) -> F:
    """Compile in nopython mode with the options above."""
    return cast(F, numba.njit(**OPTIONS)(function))


def inner(function: F) -> F:
    """As `njit`, for what only kernels call: no wrapper for Python callers, a quarter of the compile time.

    Calling such a function from Python ends the process; tests call it through a kernel of their own.
    """
    options = OPTIONS | {"no_cpython_wrapper": True}
    return cast(F, numba.njit(**options)(function))


def apart(function: F) -> F:
    """As `inner`, but never inlined: for what is rare and called from several places."""
    options = OPTIONS | {"no_cpython_wrapper": True, "forceinline": False}
    return cast(F, numba.njit(**options)(function))


def given(arrays: A) -> A:
    """An array, or a tuple of them however deep, as kernels take rows of a structured dtype at the least cost.

    A record array costs each call 4 microseconds more than a plain one, and one that was made for the call 16.
    With the JIT off Python needs record arrays: their rows have attributes.
    """
    if isinstance(arrays, tuple):
        parts = map(given, arrays)
        return cast(A, type(arrays)._make(parts) if hasattr(arrays, "_make") else tuple(parts))
    if not isinstance(arrays, np.ndarray) or arrays.dtype.names is None:
        return arrays
    return cast(A, arrays.view(np.recarray if PLAIN else np.ndarray))
