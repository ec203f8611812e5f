"""The line of a key in a TOML text, for messages: the parser of the standard library keeps none."""

import re
from typing import Final

Where = tuple[str | int, ...]
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_\"'.@$-]+)\s*=")


def line_of(text: str, where: Where) -> int:
    """The line of the key at `where`, or of the nearest table or key around it; 0 where there is none.

    A key inside an inline table has the line of that table.
    """
    lines = _lines(text)
    for length in range(len(where), 0, -1):
        if where[:length] in lines:
            return lines[where[:length]]
    return 0


def _lines(text: str) -> dict[Where, int]:
    found: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _table(header[2].split("."), header[1] == "[[", counts)
            found.setdefault(table, number)
            found.setdefault(table[:-1], number)
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*table, *(part.strip("\"'") for part in key[1].split("."))), number)
    return found


def _table(parts: list[str], appended: bool, counts: dict[Where, int]) -> Where:
    """Where a header is, with the index of each list of tables that it goes through."""
    where: Where = ()
    for depth, part in enumerate(parts):
        where = (*where, part.strip().strip("\"'"))
        if appended and depth == len(parts) - 1:
            counts[where] = counts.get(where, -1) + 1
        if where in counts:
            where = (*where, counts[where])
    return where
