"""Copies of a library's functions that find other objects where their module's globals were.

So one consumer's parts are replaced, and nothing of the library is changed: its other users go on as they were.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any


class SeamError(RuntimeError):
    """A library is not as this package needs it: its names have changed."""


def rebound(function: Any, **names: Any) -> Callable[..., Any]:
    """A copy of a function that finds these objects where its module's globals were.

    Raises:
        SeamError: the function does not use one of the names, or is no plain function.
    """
    code = getattr(function, "__code__", None)
    if code is None or function.__closure__ is not None:
        raise SeamError(f"{function!r} is no plain Python function")
    missing = sorted(names.keys() - set(code.co_names))
    if missing:
        raise SeamError(f"{function.__module__}.{function.__qualname__} does not use {', '.join(missing)}")
    copy = FunctionType(code, function.__globals__ | names, function.__name__, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
