"""A writer's schema to a table (`ops`) that reads its records as one of ours.

The rules are Avro's resolution as fastavro has it, for the types that our event records are made of: fields by name
and alias in any order, int to long and to double, bytes and string either way, symbols by name, unions of either side,
defaults. What cannot be resolved, or has a logical type that changes a value, becomes DECLINE at its place: those
records are left to fastavro.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastavro.read import LOGICAL_READERS

from equipoise.processors.avro import objects, ops
from equipoise.processors.columns import NULL
from equipoise.schemas.codec import named_types

Type = Any  # a parsed schema: a name, a union's list, or a dict

INSTRUCTIONS_MAX: Final = 4096
DECLINED: Final = [ops.DECLINE, 0, 0, 0]  # the table of a schema that is none of ours
_PLAIN: Final = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
SIZES: Final = {"boolean": 1, "float": 4, "double": 8}  # bytes
_OBJECT_KINDS: Final = {
    "string": objects.TEXT, "enum": objects.WORD, "union": objects.INTEGER_OR_NULL, "long": objects.INTEGER,
    "int": objects.INTEGER, "boolean": objects.FLAG,
}  # fmt: skip
_FUSED: Final = {"int", "long", "bytes", "string"}  # read by an instruction that knows of null


@dataclass(frozen=True, slots=True)
class Layout:
    """One of our records: where its fields go."""

    reader: Mapping[str, Any]  # its parsed schema
    slots: Mapping[str, int]  # by field; those that are not in it are read and dropped
    symbols: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of enum fields, what a symbol stands for
    presets: Mapping[int, int] = field(default_factory=dict)  # slots that no field fills


class TooLargeError(Exception):
    """The schema written out has more than INSTRUCTIONS_MAX instructions."""


def compile_table(writer: Type, layout: Layout, start: int) -> list[int]:
    """The table of a writer's schema (one that `check_safe` lets through), to be put at position `start`."""
    code = Code(start, named_types(writer))
    try:
        _Resolved(layout, code).record(writer)
        return code.finished()
    except TooLargeError:
        return DECLINED


def compile_objects(layout: Layout, start: int) -> list[int]:
    """The table (`objects`) of the same records as JSON, to be put at position `start`."""
    head = [start + 3, 0, 0]
    keys: list[tuple[str, int, list[int]]] = []  # name, slot and kind, list of words
    code = Code(start + len(head), {})
    for preset, value in layout.presets.items():
        code.emit(ops.SET, preset, value)
    for one in layout.reader["fields"]:
        name, kind = one["name"], kind_of(one["type"])
        slot = layout.slots.get(name)
        if slot is None:  # in the list none the less: the keys of a record follow each other as those of the list
            keys.append((name, ops.SINK | objects.UNUSED << 8, []))
            continue
        if "default" in one:
            _default(code, layout, one)
        else:
            head[1] |= 1 << slot
        symbols = layout.symbols.get(name, {})
        keys.append((name, slot | _OBJECT_KINDS[kind] << 8, word_list(symbols, ops.UNMAPPED) if symbols else []))
    body = code.finished()
    entries: dict[str, int] = {}
    for name, value, words in keys:
        entries[name] = value | start + len(head) + len(body) << 16
        body += words
    head[2] = start + len(head) + len(body)
    return head + body + word_list(entries, ops.SINK | objects.UNUSED << 8)


def word_list(words: Mapping[str, int], other: int) -> list[int]:
    """A list of words (`ops`), none longer than WORD_SIZE bytes; `other`: the value of every other one."""
    found = [len(words), other]
    for word, value in words.items():
        text = word.encode()
        parts = (text[at : at + 8] for at in range(0, ops.WORD_SIZE, 8))
        found += (value, len(text), *(int.from_bytes(part, "little", signed=len(part) == 8) for part in parts))
    return found


def kind_of(schema: Type) -> str:
    """The name of a type; `union` of a list."""
    kind = schema["type"] if isinstance(schema, dict) else "union" if isinstance(schema, list) else schema
    return kind if isinstance(kind, str) else "?"


def _changes_value(schema: Type) -> bool:
    return isinstance(schema, dict) and f"{schema.get('type')}-{schema.get('logicalType')}" in LOGICAL_READERS


class Code:
    """Instructions as they are appended, and the lists that they point to, which go behind the last one."""

    def __init__(self, start: int, named: Mapping[str, Type]) -> None:
        self._start = start
        self._named = named  # what the writer's schema defines
        self._code: list[int] = []
        self._lists: list[tuple[int, list[int]]] = []  # where a list's position belongs, and the list

    def finished(self) -> list[int]:
        """The whole table."""
        self.emit(ops.END)
        for place, values in self._lists:
            self._code[place] = self.here()
            self._code += values
        return self._code

    def emit(self, op: int, a: int = 0, b: int = 0, c: int = 0) -> int:
        """Append an instruction; returns where it is in the list. Raises TooLargeError."""
        if len(self._code) >= INSTRUCTIONS_MAX * ops.WIDTH:
            raise TooLargeError
        self._code += (op, a, b, c)
        return len(self._code) - ops.WIDTH

    def listed(self, op: int, slot: int, values: list[int], c: int = 0) -> None:
        """Append an instruction whose second argument is the position of a list."""
        self._lists.append((self.emit(op, slot, 0, c) + 2, values))

    def here(self) -> int:
        """The position of the next instruction."""
        return self._start + len(self._code)

    def defined(self, schema: Type) -> Type:
        """The definition where it is a name."""
        return self._named.get(schema, schema) if isinstance(schema, str) else schema

    def branches(self, union: Sequence[Type], one: Callable[[Type], None]) -> None:
        """A union: each branch as `one` compiles it, then on behind all of them."""
        at = self.emit(ops.UNION, 0, 0, len(union))
        starts, jumps = [], []
        for branch in union:
            starts.append(self.here())
            one(branch)
            jumps.append(self.emit(ops.JUMP))
        self.land(jumps)
        self._lists.append((at + 2, starts))

    def land(self, jumps: Sequence[int]) -> None:
        """Let these jumps go on at the next instruction."""
        for jump in jumps:
            self._code[jump + 1] = self.here()

    def items(self, schema: Type, key: int, one: Callable[[Type], None], *, sized: bool) -> None:
        """An array or map. `key`: the instruction of a map's key."""
        self.emit(ops.ENTER)
        head = self.emit(ops.BLOCKS, 0, int(sized))
        if kind_of(schema) == "map":
            self.emit(key, ops.SINK, ops.NO_UNION)
        one(schema.get("items", schema.get("values")))
        self.emit(ops.JUMP, self._start + head)
        self._code[head + 1] = self.here()


class _Resolved:
    """Compiles a writer's record to be read as ours."""

    def __init__(self, layout: Layout, code: Code) -> None:
        self._layout = layout
        self._code = code

    def record(self, writer: Type) -> None:
        """The whole record."""
        reader = self._layout.reader
        if kind_of(writer) != "record" or not _same_name(writer, reader):
            self._code.emit(ops.DECLINE)
            return
        for slot, value in self._layout.presets.items():
            self._code.emit(ops.SET, slot, value)
        wanted = {one["name"]: one for one in reader["fields"]}
        aliases = {alias: one for one in reader["fields"] for alias in one.get("aliases", ())}
        fields = [(one, wanted.pop(_wanted(one["name"], wanted, aliases), None)) for one in writer["fields"]]
        for ours in wanted.values():
            _default(self._code, self._layout, ours)
        for theirs, ours in fields:
            if ours is None:
                self._skip(theirs["type"])
            else:
                self._read(theirs["type"], ours["type"], ours["name"])

    def _slot(self, name: str) -> int:
        return self._layout.slots.get(name, ops.SINK)

    def _read(self, writer: Type, reader: Type, name: str) -> None:
        """A value that our record has."""
        writer = self._code.defined(writer)
        if isinstance(writer, list):
            if isinstance(reader, list) and (null := _fused(writer)) >= 0:
                self._value(writer[1 - null], reader, name, null)
            else:
                self._code.branches(writer, lambda branch: self._read(branch, reader, name))
        else:
            self._value(writer, reader, name, ops.NO_UNION)

    def _value(self, writer: Type, reader: Type, name: str, null: int) -> None:
        kind, slot = kind_of(writer), self._slot(name)
        ours = next((one for one in (reader if isinstance(reader, list) else [reader]) if _matches(writer, one)), None)
        if ours is None or _changes_value(writer):
            self._code.emit(ops.DECLINE)
        elif kind == "null":
            self._code.emit(ops.SET, slot, NULL)
        elif kind in ("int", "long"):
            self._code.emit(ops.LONG, slot, null)
        elif kind == "boolean":
            self._code.listed(ops.BOOLEAN, slot, [0, 1])
        elif kind in ("float", "double"):
            self._code.emit(ops.FIXED, SIZES[kind])
        elif kind == "enum":
            self._enum(writer, ours, name)
        elif slot != ops.SINK:
            self._code.emit(ops.TEXT, slot)
        else:
            self._code.emit(ops.BYTES if kind == ours == "bytes" else ops.UTF8, ops.SINK, null)

    def _enum(self, writer: Type, reader: Type, name: str) -> None:
        values = []
        for symbol in writer["symbols"]:
            known = symbol if symbol in reader["symbols"] else reader.get("default")
            values.append(_symbol(self._layout, name, known) if known else ops.UNMAPPED)
        self._code.listed(ops.ENUM, self._slot(name), values, len(values))

    def _skip(self, writer: Type) -> None:
        """A value that our record has not."""
        writer = self._code.defined(writer)
        kind = kind_of(writer)
        if kind in ("int", "long", "enum"):
            self._code.emit(ops.LONG, ops.SINK, ops.NO_UNION)
        elif kind in ("bytes", "string"):
            self._code.emit(ops.BYTES, ops.SINK, ops.NO_UNION)
        elif kind in SIZES or kind == "fixed":
            self._code.emit(ops.FIXED, SIZES[kind] if kind in SIZES else writer["size"])
        elif kind == "record":
            for one in writer["fields"]:
                self._skip(one["type"])
        elif kind in ("array", "map"):
            self._code.items(writer, ops.BYTES, self._skip, sized=True)
        elif kind == "union":
            self._code.branches(writer, self._skip)
        elif kind != "null":
            self._code.emit(ops.DECLINE)


def _symbol(layout: Layout, name: str, symbol: str) -> int:
    symbols = layout.symbols.get(name)
    return 0 if symbols is None else symbols.get(symbol, ops.UNMAPPED)


def _default(code: Code, layout: Layout, ours: Type) -> None:
    """A field that the writer has not."""
    if "default" not in ours:
        code.emit(ops.DECLINE)
        return
    value, slot = ours["default"], layout.slots.get(ours["name"], ops.SINK)
    if isinstance(value, str):
        value = _symbol(layout, ours["name"], value) if kind_of(ours["type"]) == "enum" else 0
    code.emit(ops.SET, slot, NULL if value is None else int(value))


def _wanted(name: str, wanted: Mapping[str, Any], aliases: Mapping[str, Any]) -> str | None:
    """Our name of a writer's field; None where we have no such field, or have it already."""
    ours = name if name in wanted else aliases[name]["name"] if name in aliases else None
    return ours if ours in wanted else None


def _same_name(writer: Type, reader: Type) -> bool:
    last, aliases = writer["name"].rpartition(".")[2], reader.get("aliases", ())
    return last == reader["name"].rpartition(".")[2] or last in aliases or writer["name"] in aliases


def _matches(writer: Type, ours: Type) -> bool:
    """Whether a value of the one can be read as the other, both without a union around them."""
    kind, target = kind_of(writer), kind_of(ours)
    if kind not in _PLAIN:
        return kind == target == "enum" and _same_name(writer, ours)
    promoted = {"int": ("long", "float", "double"), "long": ("float", "double"), "float": ("double",),
                "string": ("bytes",), "bytes": ("string",)}  # fmt: skip
    return kind == target or target in promoted.get(kind, ())


def _fused(union: Sequence[Type]) -> int:
    """The branch of null where the union is one of null and a type whose instruction knows of null; else -1."""
    if len(union) != 2 or "null" not in union:
        return -1
    null = union.index("null")
    return null if kind_of(union[1 - null]) in _FUSED else -1
