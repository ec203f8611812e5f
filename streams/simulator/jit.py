"""How the simulator's kernels are compiled: as the engine's are, with a cache folder of their own.

numba's cache does not notice edits in called files, so the folder is named by a digest of all sources here.
Without fastmath nothing is reordered or fused, which the simulator's claim rests on.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_CONFIG: Any = numba.config  # its attributes are set at run time


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def njit(function: F) -> F:
    """Compile in nopython mode; numba reads the cache folder when it decorates, so it is set only for that."""
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = str(_FOLDER)
    try:
        return cast(F, numba.njit(cache=True, error_model="numpy", nogil=True)(function))
    finally:
        _CONFIG.CACHE_DIR = before


def _folder() -> Path:
    base = os.environ.get("EQUIPOISE_KERNEL_CACHE")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "equipoise"
    return root / f"simulator-{_digest()}"


_FOLDER = _folder()
