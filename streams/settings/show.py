"""`equipoise config show`: every value, where it comes from, its unit, and why it is what it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr

from equipoise.streams.settings.base import unit_of
from equipoise.streams.settings.tree import Nested, load, merged, nested, preset_layer, read_environment, read_file

SOURCES = ("flag", "environment", "file", "preset")


class Row(NamedTuple):
    """One leaf of the tree."""

    name: str
    value: str
    source: str
    unit: str
    why: str


def rows(config: Path | None = None, flags: Mapping[str, Any] | None = None) -> list[Row]:
    """All settings in force, secrets masked. Raises as `load` does."""
    given = nested(flags or {}), read_environment(), read_file(config)
    preset = preset_layer(merged(merged(given[2], given[1]), given[0]))
    layers = dict(zip(SOURCES, (*given, preset), strict=True))
    return list(_leaves(load(config, flags), (), layers))


def _leaves(group: BaseModel, path: tuple[str, ...], layers: dict[str, Nested]) -> Iterator[Row]:
    for name, field in type(group).model_fields.items():
        value, here = getattr(group, name), (*path, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, here, layers)
        else:
            yield Row(".".join(here), _text(value), _source(here, layers), unit_of(name), field.description or "")
    for name, value in (group.model_extra or {}).items():  # of measures that the settings do not know
        for last, number in value.items() if isinstance(value, dict) else [("", value)]:
            here = (*path, name, last) if last else (*path, name)
            why = "equipoise measures says what it is"
            yield Row(".".join(here), _text(number), _source(here, layers), unit_of(here[-1]), why)


def _source(path: tuple[str, ...], layers: dict[str, Nested]) -> str:
    return next((name for name in SOURCES if _has(layers[name], path)), "default")


def _has(tree: Nested, path: tuple[str, ...]) -> bool:
    place: Any = tree
    for name in path:
        if not isinstance(place, dict) or name not in place:
            return False
        place = place[name]
    return True


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "**********" if value.get_secret_value() else ""
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, BaseModel):
        given = value.model_dump(exclude_defaults=True)
        return "{" + ", ".join(f"{name} = {word!r}" for name, word in given.items()) + "}"
    return "" if value is None else str(value)
