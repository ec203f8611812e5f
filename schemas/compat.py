"""Whether bytes written with one schema can be read with another: Avro's rules of schema resolution.

Backward compatible: the new schema reads what the old one wrote. Forward compatible: the old schema
reads what the new one writes. We ask for both against every published version, because workers and
readers are upgraded in any order. The checker is strict where Avro would decide record by record: each
branch that a writer's union allows must be readable.

Reference: Apache Avro specification 1.12, "Schema Resolution".
"""

from collections.abc import Iterator
from typing import Any, Final

from equipoise.schemas.codec import Schema

# What a reader of the first type accepts beside it.
_PROMOTIONS: Final = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def full_differences(working: Schema, earlier: Schema) -> list[str]:
    """Why `working` cannot stand beside `earlier`, one line each; empty where it can."""
    backward = [f"new readers, old records: {line}" for line in differences(working, earlier)]
    forward = [f"old readers, new records: {line}" for line in differences(earlier, working)]
    return backward + forward


def differences(reader: Schema, writer: Schema) -> list[str]:
    """Why records written with `writer` cannot all be read with `reader` (both parsed), one line each."""
    return list(_Resolution(reader, writer).differences(reader, writer, ""))


class _Resolution:
    def __init__(self, reader: Schema, writer: Schema) -> None:
        self._reader_names = dict(_named(reader))
        self._writer_names = dict(_named(writer))
        self._seen: set[tuple[str, str]] = set()

    def differences(self, reader: Any, writer: Any, path: str) -> Iterator[str]:
        """Reader and writer are a type each: a name, a definition, or a union's list."""
        reader, writer = _plain(reader, self._reader_names), _plain(writer, self._writer_names)
        if isinstance(writer, list):
            for branch in writer:
                yield from self.differences(reader, branch, path)
        elif isinstance(reader, list):
            if all(any(True for _ in self._copy().differences(branch, writer, path)) for branch in reader):
                yield f"{path or '$'}: {_name(writer)} fits none of {', '.join(map(_name, reader))}"
        else:
            yield from self._one(reader, writer, path)

    def _one(self, reader: Any, writer: Any, path: str) -> Iterator[str]:
        kind, written = _kind(reader), _kind(writer)
        if written in _PROMOTIONS.get(kind, ()):
            return
        if kind != written:
            yield f"{path or '$'}: expects {_name(reader)}, written as {_name(writer)}"
        elif kind == "array":
            yield from self.differences(reader["items"], writer["items"], f"{path}[]")
        elif kind == "map":
            yield from self.differences(reader["values"], writer["values"], f"{path}{{}}")
        elif kind in ("record", "enum", "fixed"):
            yield from self._named(kind, reader, writer, path)

    def _named(self, kind: str, reader: Schema, writer: Schema, path: str) -> Iterator[str]:
        aliases = {_short(alias) for alias in reader.get("aliases", ())}
        if _short(writer["name"]) not in {_short(reader["name"]), *aliases}:
            yield f"{path or '$'}: expects {reader['name']}, written as {writer['name']}"
        elif kind == "fixed" and reader["size"] != writer["size"]:
            yield f"{path or '$'}: expects {reader['size']} bytes, written as {writer['size']}"
        elif kind == "enum":
            unknown = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
            if unknown and "default" not in reader:
                yield f"{path or '$'}: {reader['name']} lacks {', '.join(unknown)} and has no default"
        elif kind == "record" and (pair := (reader["name"], writer["name"])) not in self._seen:
            self._seen.add(pair)  # a recursive type holds if the rest of it does
            yield from self._fields(reader, writer, path)

    def _fields(self, reader: Schema, writer: Schema, path: str) -> Iterator[str]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            where = f"{path}.{field['name']}".lstrip(".")
            found = next(
                (written[name] for name in (field["name"], *field.get("aliases", ())) if name in written), None
            )
            if found is not None:
                yield from self.differences(field["type"], found["type"], where)
            elif "default" not in field:
                yield f"{where}: is not written and has no default"

    def _copy(self) -> "_Resolution":
        other = object.__new__(_Resolution)
        other._reader_names, other._writer_names = self._reader_names, self._writer_names
        other._seen = set(self._seen)
        return other


def _named(node: Any) -> Iterator[tuple[str, Schema]]:
    """Every named type defined in a parsed schema, under its full name."""
    if isinstance(node, dict):
        if node.get("type") in ("record", "error", "enum", "fixed"):
            yield node["name"], node
        for key in ("type", "items", "values", "fields"):
            yield from _named(node.get(key))
    elif isinstance(node, list):
        for part in node:
            yield from _named(part)


def _plain(node: Any, names: dict[str, Schema]) -> Any:
    """A definition in place of a reference to it, and without wrappers such as {"type": "long"}."""
    while True:
        if isinstance(node, str) and node in names:
            return names[node]
        if isinstance(node, dict) and isinstance(node["type"], dict | list):
            node = node["type"]
        else:
            return node


def _kind(node: Any) -> str:
    kind = str(node["type"]) if isinstance(node, dict) else str(node)
    return "record" if kind == "error" else kind


def _name(node: Any) -> str:
    return str(node.get("name", _kind(node))) if isinstance(node, dict) else str(node)


def _short(name: str) -> str:
    return name.rpartition(".")[2]
