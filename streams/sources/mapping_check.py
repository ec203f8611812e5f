"""A mapping against what its topic really holds: the writer's schema, or a sample of records."""

from collections.abc import Iterator
from typing import Any, Final

from equipoise.schemas.codec import Schema
from equipoise.streams.sources.avro_any import Fields
from equipoise.streams.sources.mapping import Event, Mapping, MappingError, Row, word_of
from equipoise.streams.sources.paths import MISSING, Path, names, nearest

# A time's unit that an Avro logical type implies.
_LOGICAL: Final = {"timestamp-millis": "ms", "timestamp-micros": "us", "timestamp-nanos": "ns"}
_NUMERIC: Final = {"int", "long", "float", "double", "string", "bytes", "fixed"}
_WHOLE: Final = {"int", "long"}


def check_schema(mapping: Mapping, schema: Schema, what: str = "schema") -> None:
    """Check every path of the mapping against a writer's schema.

    Raises:
        MappingError: a field is missing (the nearest ones are listed), or of a type that cannot be used.
    """
    fields = Fields(schema)
    for number, event in enumerate(mapping.events):
        place = f"{mapping.name}: event[{number}]"
        for name, path, _ in _paths(event):
            if not path.relative:
                _has(fields, fields.find(path.steps), f"{place}.{name}", path, what, None)
        for row in event.rows:
            element = _element(fields, row, place, what)
            for name, source in row.fields.items():
                if source.path is not None:
                    start = element if source.path.relative else None
                    found = fields.find(source.path.steps, start)
                    _has(fields, found, f"{place}.{name}", source.path, what, start)
                    _usable(found, name, source.unit, f"{place}.{name}", source.path)


def check_sample(mapping: Mapping, samples: list[Any], what: str = "sample") -> None:
    """Check the mapping against records of its topic.

    Raises:
        MappingError: no record fits an event, or one lacks a field of the event that it fits.
    """
    fitting = 0
    for sample in samples:
        for number, event in enumerate(mapping.events):
            if fits(event, sample):
                fitting += not event.ignore
                _check_record(event, sample, f"{mapping.name}: event[{number}]", what)
                break
    if not fitting:
        conditions = "; ".join(
            f"event[{number}] when {', '.join(f'{path.text} in {sorted(words)}' for path, words in event.when)}"
            for number, event in enumerate(mapping.events)
        )
        paths = sorted({name for sample in samples for name in names(sample)})
        raise MappingError(
            f"{mapping.name}: no record of the {what} fits: {conditions}. Its fields: {', '.join(paths)}"
        )


def fits(event: Event, record: Any) -> bool:
    """Whether a record is of this kind."""
    return all(word_of(_plain(path.find(record))) in words for path, words in event.when)


def _plain(value: Any) -> Any:
    return "" if value is MISSING else value


def _check_record(event: Event, sample: Any, place: str, what: str) -> None:
    for row in event.rows:
        elements: list[Any] = [None]
        if row.each is not None:
            found = row.each.find(sample)
            if found is MISSING or not isinstance(found, list):
                raise _missing(f"{place}.each", row.each, what, names(sample))
            elements = found
        for name, path, optional in _row_paths(row):
            for element in elements[:1] if path.relative else [None]:
                if path.find(sample, element) is MISSING and not optional:
                    raise _missing(f"{place}.{name}", path, what, names(element if path.relative else sample))


def _paths(event: Event) -> Iterator[tuple[str, Path, bool]]:
    for path, _ in event.when:
        yield "when", path, True
    for row in event.rows:
        yield from (
            (name, path, optional) for name, path, optional in _row_paths(row) if name in ("fill_key", "flags_when")
        )


def _row_paths(row: Row) -> Iterator[tuple[str, Path, bool]]:
    for name, source in row.fields.items():
        if source.path is not None:
            yield name, source.path, source.optional
    for path in row.fill_key:
        yield "fill_key", path, False
    for _, conditions in row.flags_when:
        for path, _ in conditions:
            yield "flags_when", path, True


def _element(fields: Fields, row: Row, place: str, what: str) -> Any:
    if row.each is None:
        return None
    found = fields.find(row.each.steps)
    items = None if found is None else fields.items(found)
    if items is None:
        raise _missing(f"{place}.each", row.each, what, fields.names())
    return items


def _has(fields: Fields, found: Any, place: str, path: Path, what: str, start: Any) -> None:
    if found is None:
        raise _missing(place, path, what, fields.names(start))


def _usable(found: Any, name: str, unit: str, place: str, path: Path) -> None:
    kind = found["type"] if isinstance(found, dict) else found
    if name in ("event_time", "arrival_time"):
        implied = _LOGICAL.get(found.get("logicalType", "")) if isinstance(found, dict) else None
        if implied is not None and implied != unit:
            raise MappingError(
                f"{place}: {path.text!r} is {found['logicalType']}, so its unit is {implied!r}, not {unit!r}"
            )
    if name in ("price", "quantity"):
        decimal = isinstance(found, dict) and found.get("logicalType") == "decimal"
        if kind not in _NUMERIC or (kind in ("bytes", "fixed") and not decimal):
            raise MappingError(f"{place}: {path.text!r} is {kind}, expected a number, a decimal or a text")
    if name in ("sequence", "previous_sequence") and kind not in _WHOLE:
        raise MappingError(f"{place}: {path.text!r} is {kind}, expected int or long")


def _missing(place: str, path: Path, what: str, known: Iterator[str]) -> MappingError:
    return MappingError(f"{place}: {path.text!r} is not in the {what}; nearest: {nearest(path.text, known)}")
