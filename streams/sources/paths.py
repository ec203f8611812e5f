"""Field paths of a mapping: `data.k`, `data.b[0].price`, `data.b[]` (each element), `.price` and `[0]` of an element.

A path is compiled once; a name with other characters than letters, digits, `_`, `-`, `@`, `$` is written in
quotes: `data."price.usd"`.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

MISSING: Final = object()
EACH: Final = "[]"
_TOKEN: Final = re.compile(r'\.?(?:([A-Za-z0-9_@$-]+)|"([^"]+)")|\[(\d{1,6})\]|(\[\])')
_MOST_NAMES: Final = 5
_MOST_DEPTH: Final = 8

Step = str | int


class Path:
    """A place in a record, or in an element of a list within it."""

    __slots__ = ("each", "relative", "steps", "text")

    def __init__(self, text: str) -> None:
        """Compile a path.

        Raises:
            ValueError: no path.
        """
        self.text = text
        self.relative = text[:1] in (".", "[")
        self.steps: tuple[Step, ...] = ()
        self.each = False
        at = 0
        steps: list[Step] = []
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or self.each or (at > 0 and match[0][0] not in '.["'):
                raise ValueError(f"{text!r} is no path; write data.k, data.b[0] or data.b[]")
            name, quoted, index, each = match.groups()
            self.each = each is not None
            if not self.each:
                steps.append(int(index) if index is not None else name or quoted)
            at = match.end()
        if not steps:
            raise ValueError(f"{text!r} is no path; write data.k, data.b[0] or data.b[]")
        self.steps = tuple(steps)

    def find(self, record: Any, element: Any = None) -> Any:
        """The value at the path, or MISSING."""
        value = element if self.relative else record
        for step in self.steps:
            if isinstance(step, int):
                if type(value) is not list or step >= len(value):
                    return MISSING
            elif type(value) is not dict or step not in value:
                return MISSING
            value = value[step]
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


def names(value: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Every path that a sample has, containers included."""
    if depth > _MOST_DEPTH:
        return
    if type(value) is dict:
        for key, inner in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from names(inner, path, depth + 1)
    elif type(value) is list:
        yield f"{prefix}{EACH}"
        for inner in value[:1]:
            yield from names(inner, f"{prefix}{EACH}", depth + 1)


def nearest(path: str, known: Iterator[str] | list[str]) -> str:
    """The known paths most like this one, for a message: of the same name elsewhere, beside it, or alike."""
    every = list(dict.fromkeys(known))
    parent, _, last = path.rpartition(".")
    same = [name for name in every if _last(name) == last.lower()]
    beside = [name for name in every if name.rpartition(".")[0] == parent and _alike(_last(name), last.lower())]
    close = list(dict.fromkeys([*same, *beside, *get_close_matches(path, every, _MOST_NAMES, 0.5)]))
    return ", ".join((close or every)[:_MOST_NAMES]) or "none"


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
