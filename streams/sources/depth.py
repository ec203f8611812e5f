"""How deep JSON nests, before a parser recurses into it.

Parsers stop at the interpreter's recursion limit. But other packages raise that limit for the whole process (py_ecc
does, to 100,000), and then a record of brackets overflows the C stack: the process ends. So the depth is bounded here.
"""

import re
from typing import Final

import numpy as np

DEPTH_MAX: Final = 200  # venues' messages nest four deep
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = np.zeros(256, np.int64)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def too_deep(value: bytes) -> bool:
    """Whether arrays and objects nest deeper than DEPTH_MAX. Brackets within texts do not count."""
    if value.count(b"[") + value.count(b"{") <= DEPTH_MAX or _depth(value) <= DEPTH_MAX:
        return False
    return _depth(_TEXT.sub(b"", value)) > DEPTH_MAX


def _depth(value: bytes) -> int:
    brackets = np.frombuffer(value.translate(None, _OTHERS), np.uint8)
    return int(np.cumsum(_STEP[brackets]).max(initial=0))
