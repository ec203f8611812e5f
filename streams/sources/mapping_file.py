"""Mapping files: from TOML to a Mapping, with errors that name file, line, field and what is allowed."""

import re
import tomllib
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, Final

from equipoise.schemas.enums import Action, Flag, Side, TradingStatus
from equipoise.streams.sources.mapping import Condition, Event, Mapping, MappingError, Row, Source, word_of
from equipoise.streams.sources.paths import Path
from equipoise.streams.sources.times import ISO, UNITS
from equipoise.streams.sources.toml_lines import Where, line_of

Placed = dict[str, tuple[Any, Where]]  # a key's value, and the table that it stands in

ENCODINGS: Final = ("json", "avro")
MODIFIES: Final = {"remainder": Flag(0), "delta": Flag.DELTA, "upsert": Flag.UPSERT}
FLAGS: Final = tuple(
    flag.name or "" for flag in Flag if flag not in (Flag.LAST, Flag.DELTA, Flag.MERGE_LATE, Flag.UPSERT)
)
TIME_UNITS: Final = (*UNITS, ISO)
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "action": tuple(a.name for a in Action if a not in (Action.INTENT, Action.RETRACT)),
    "side": tuple(Side.__members__),
    "trading_status": tuple(TradingStatus.__members__),
}
_TEXTS: Final = ("venue", "symbol")
_NUMBERS: Final = {"price": "tick", "quantity": "lot"}
_WHOLE: Final = ("sequence", "previous_sequence")
_TIMES: Final = ("event_time", "arrival_time")
FIELDS: Final = (*_TEXTS, *_WORDS, *_NUMBERS, "order_id", *_WHOLE, *_TIMES, "last_in_event")
ROW_KEYS: Final = (*FIELDS, "each", "modify", "flags", "flags_when", "fill_key")
EVENT_KEYS: Final = (*(key for key in ROW_KEYS if key != "each"), "when", "ignore", "snapshot", "row")
FILE_KEYS: Final = (*FIELDS, "modify", "encoding", "sample", "schema", "topic", "event")


def load_mapping(path: FilePath) -> Mapping:
    """The mapping of a TOML file.

    Raises:
        MappingError: it cannot be read or cannot work.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: {error}") from error
    return _Reader(str(path), text, path.parent).mapping(table)


def mapping_of(table: dict[str, Any], name: str = "mapping", folder: FilePath | None = None) -> Mapping:
    """The mapping of a table in the settings. Raises MappingError like `load_mapping`, without lines."""
    return _Reader(name, "", folder or FilePath()).mapping(table)


class _Reader:
    """Tables to a Mapping. `where` is the path of keys and indices that a message finds the line by."""

    def __init__(self, name: str, text: str, folder: FilePath) -> None:
        self._name = name
        self._text = text
        self._folder = folder

    def fail(self, where: Where, message: str) -> MappingError:
        line = line_of(self._text, where)
        place = f"{self._name}:{line}" if line else self._name
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
        return MappingError(f"{place}: {shown}: {message}")

    def mapping(self, table: dict[str, Any]) -> Mapping:
        self._known(table, FILE_KEYS, ())
        encoding = self._one_of(table.get("encoding", "json"), ("encoding",), ENCODINGS)
        shared: Placed = {name: (table[name], ()) for name in (*FIELDS, "modify") if name in table}
        events = table.get("event")
        if not isinstance(events, list) or not events:
            raise self.fail(("event",), "missing; at least one [[event]] is needed")
        return Mapping(
            self._name,
            tuple(self._event(event, shared, ("event", index)) for index, event in enumerate(events)),
            encoding == "avro",
            self._pattern(table),
            self._file(table, "sample"),
            self._file(table, "schema"),
        )

    def _event(self, table: Any, shared: Placed, where: Where) -> Event:
        table = self._table(table, where)
        self._known(table, EVENT_KEYS, where)
        when = self._conditions(table.get("when", {}), (*where, "when"))
        if self._bool(table, "ignore", where):
            return Event(when, (), ignore=True)
        own = shared | {key: (table[key], where) for key in table if key not in ("when", "ignore", "snapshot", "row")}
        rows = table.get("row", [{}])
        if not isinstance(rows, list):
            raise self.fail((*where, "row"), "expected [[event.row]] tables")
        return Event(
            when,
            tuple(self._row(row, own, where, index if "row" in table else None) for index, row in enumerate(rows)),
            snapshot=self._bool(table, "snapshot", where),
        )

    def _row(self, table: Any, shared: Placed, event: Where, index: int | None) -> Row:
        where = event if index is None else (*event, "row", index)
        own = self._table(table, where)
        self._known(own, ROW_KEYS, where)
        merged = shared | {name: (value, where) for name, value in own.items()}
        fields = {name: self._source(name, *merged[name]) for name in FIELDS if name in merged}
        for name in ("action", "event_time"):
            if name not in fields:
                raise self.fail(where, f"{name}: missing here, in the event and at the top")
        each = self._path(own["each"], (*where, "each")) if "each" in own else None
        if each is not None and not each.each:
            raise self.fail((*where, "each"), f"{each.text!r}, must end with []")
        for name, source in fields.items():
            if source.path is not None and source.path.relative and each is None:
                place = (*merged[name][1], name)
                raise self.fail(place, f"{source.path.text!r} is of an element, and there is no `each`")
        return Row(
            fields,
            each,
            self._flags(*_at(merged, "flags", [])),
            self._flags_when(*_at(merged, "flags_when", {})),
            MODIFIES[self._one_of(*_at(merged, "modify", "remainder"), tuple(MODIFIES))],
            tuple(self._path(text, ("fill_key",)) for text in self._list(*_at(merged, "fill_key", []))),
        )

    def _flags_when(self, table: Any, where: Where) -> tuple[tuple[int, tuple[Condition, ...]], ...]:
        named = self._table(table, where).items()
        return tuple((self._flags([name], where), self._conditions(when, (*where, name))) for name, when in named)

    def _source(self, name: str, value: Any, row: Where) -> Source:
        where = (*row, name)
        if isinstance(value, str):
            value = {"field": value}
        if not isinstance(value, dict):
            raise self.fail(where, f"{value!r}, expected a path, or a table with field or value")
        self._known(value, _source_keys(name), where)
        if ("field" in value) == ("value" in value):
            raise self.fail(where, "give either field (a path) or value (a constant)")
        path = self._path(value["field"], (*where, "field")) if "field" in value else None
        if path is not None and path.each:
            raise self.fail(where, f"{path.text!r}: only `each` may end with []")
        return Source(
            path,
            self._constant(name, value.get("value"), where) if path is None else None,
            self._words(name, value.get("words", {}), where),
            self._unit(name, value.get("unit", ""), where),
            self._add(value, where),
            self._bool(value, "optional", where),
        )

    def _constant(self, name: str, value: Any, where: Where) -> Any:
        if name in _WORDS and value not in _WORDS[name]:
            raise self.fail((*where, "value"), f"{value!r}, expected one of {', '.join(_WORDS[name])}")
        if name in _TEXTS and not isinstance(value, str):
            raise self.fail((*where, "value"), f"{value!r}, expected a text")
        if name == "last_in_event" and not isinstance(value, bool):
            raise self.fail((*where, "value"), f"{value!r}, expected true or false")
        return value

    def _words(self, name: str, words: Any, where: Where) -> dict[str, str]:
        table = self._table(words, (*where, "words"))
        for word, ours in table.items():
            if name in _WORDS and ours not in _WORDS[name]:
                raise self.fail((*where, "words", word), f"{ours!r}, expected one of {', '.join(_WORDS[name])}")
            if not isinstance(ours, str):
                raise self.fail((*where, "words", word), f"{ours!r}, expected a text")
        return table

    def _unit(self, name: str, unit: Any, where: Where) -> str:
        if name in _TIMES:
            if unit not in TIME_UNITS:
                raise self.fail((*where, "unit"), f"{unit!r}, expected one of {', '.join(TIME_UNITS)}")
        elif unit != "" and unit != _NUMBERS[name]:
            try:
                positive = isinstance(unit, str) and Decimal(unit).is_finite() and Decimal(unit) > 0
            except InvalidOperation:
                positive = False
            if not positive:
                raise self.fail((*where, "unit"), f"{unit!r}, expected {_NUMBERS[name]!r} or a decimal > 0 as text")
        return str(unit)

    def _add(self, table: dict[str, Any], where: Where) -> int:
        add = table.get("add", 0)
        if type(add) is not int or abs(add) > 1_000_000:
            raise self.fail((*where, "add"), f"{add!r}, expected an integer from -1000000 to 1000000")
        return add

    def _conditions(self, table: Any, where: Where) -> tuple[Condition, ...]:
        found = []
        for text, allowed in self._table(table, where).items():
            values = allowed if isinstance(allowed, list) else [allowed]
            found.append((self._path(text, (*where, text)), frozenset(map(word_of, values))))
        return tuple(found)

    def _flags(self, flags: Any, where: Where) -> int:
        bits = 0
        for name in flags if isinstance(flags, list) else [flags]:
            if name not in FLAGS:
                raise self.fail(where, f"{name!r}, expected some of {', '.join(FLAGS)}")
            bits |= Flag[name]
        return int(bits)

    def _path(self, text: Any, where: Where) -> Path:
        try:
            return Path(text if isinstance(text, str) else "")
        except ValueError as error:
            raise self.fail(where, str(error) if isinstance(text, str) else f"{text!r}, expected a path") from None

    def _pattern(self, table: dict[str, Any]) -> re.Pattern[str] | None:
        if "topic" not in table:
            return None
        try:
            return re.compile(table["topic"])
        except (re.error, TypeError) as error:
            raise self.fail(("topic",), f"{table['topic']!r} is no regular expression: {error}") from None

    def _file(self, table: dict[str, Any], name: str) -> FilePath | None:
        if name not in table:
            return None
        path = self._folder / str(table[name])
        if not path.is_file():
            raise self.fail((name,), f"{path}: no such file")
        return path

    def _known(self, table: dict[str, Any], keys: tuple[str, ...], where: Where) -> None:
        for key in table:
            if key not in keys:
                close = get_close_matches(key, keys, 1)
                meant = f"did you mean {close[0]!r}? " if close else ""
                raise self.fail((*where, key), f"unknown key; {meant}Allowed: {', '.join(keys)}")

    def _table(self, value: Any, where: Where) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(where, f"{value!r}, expected a table")
        return value

    def _list(self, value: Any, where: Where) -> list[Any]:
        if not isinstance(value, list):
            raise self.fail(where, f"{value!r}, expected a list")
        return value

    def _bool(self, table: dict[str, Any], name: str, where: Where) -> bool:
        value = table.get(name, False)
        if not isinstance(value, bool):
            raise self.fail((*where, name), f"{value!r}, expected true or false")
        return value

    def _one_of(self, value: Any, where: Where, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self.fail(where, f"{value!r}, expected one of {', '.join(allowed)}")
        return str(value)


def _at(placed: Placed, name: str, default: Any) -> tuple[Any, Where]:
    value, where = placed.get(name, (default, ()))
    return value, (*where, name)


def _source_keys(name: str) -> tuple[str, ...]:
    keys = ("field", "value", "optional")
    if name in _WORDS or name in _TEXTS:
        return (*keys, "words")
    if name in _NUMBERS or name in _TIMES:
        return ("field", "unit", "optional")
    return ("field", "add", "optional") if name in _WHOLE else keys
