"""Instruments from files: TOML with `[[instrument]]` tables, JSON (one, a list), or JSON lines.

The fields are those of the Instrument record (`equipoise schemas show Instrument`); decimals are text.
"""

import json
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import BookSource

TEXT: Final = ("venue", "symbol", "underlying", "base", "quote", "settlement")
NUMBERS: Final = ("session_ns", "effective_from_ns")
DECIMALS: Final = ("tick", "lot", "multiplier")
CONTRACTS: Final = ("LINEAR", "INVERSE", "QUANTO")
NEEDED: Final = ("venue", "symbol", "tick", "lot")
IGNORED: Final = ("session_calendar",)  # one calendar so far: a session a day


class ListingError(ValueError):
    """A file of instruments cannot be read; the message names the file, the field and the value."""


def read_instruments(path: Path) -> list[Instrument]:
    """Every instrument of a file, in its order.

    Raises:
        ListingError: the file is missing, is neither TOML nor JSON, or holds a field that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise ListingError(f"{path}: {why}") from why
    try:
        rows = _toml(text) if path.suffix == ".toml" else _json(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as why:
        raise ListingError(f"{path}: {why}") from why
    if not rows:
        raise ListingError(f"{path}: no instrument in it; TOML needs [[instrument]] tables, JSON objects with a tick")
    return [instrument(row, f"{path}: instrument {number}") for number, row in enumerate(rows, start=1)]


def _toml(text: str) -> list[Any]:
    rows = tomllib.loads(text).get("instrument", [])
    return rows if isinstance(rows, list) else [rows]


def _json(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def instrument(row: Any, where: str) -> Instrument:
    """One instrument from the fields of an Instrument record.

    Raises:
        ListingError: naming the field and the value.
    """
    if not isinstance(row, dict):
        raise ListingError(f"{where}: {row!r} is no table of fields")
    if missing := [name for name in NEEDED if name not in row]:
        raise ListingError(f"{where}: no {' and no '.join(missing)}")
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if name not in IGNORED:
            fields[name] = _value(name, value, where)
    return Instrument(**fields)


def _value(name: str, value: Any, where: str) -> Any:
    if name in TEXT and isinstance(value, str):
        return value
    if name in NUMBERS and type(value) is int and value >= 0:
        return value
    if name in DECIMALS and isinstance(value, (str, int)):
        return _decimal(name, value, where)
    if name == "contract" and value in CONTRACTS:
        return str(value).lower()
    if name == "book_source" and value in BookSource.__members__:
        return BookSource[value]
    raise ListingError(f"{where}: {name} = {value!r}, {_expected(name)}")


def _decimal(name: str, value: str | int, where: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal(0)
    if not (number.is_finite() and number > 0):
        raise ListingError(f"{where}: {name} = {value!r}, expected decimal text above 0")
    return number


def _expected(name: str) -> str:
    if name in TEXT:
        return "expected text"
    if name in NUMBERS:
        return "expected a whole number of nanoseconds"
    if name in DECIMALS:
        return 'expected decimal text, as in "0.01"'
    if name == "contract":
        return f"expected one of {', '.join(CONTRACTS)}"
    if name == "book_source":
        return f"expected one of {', '.join(BookSource.__members__)}"
    return "no such field"
