"""A writer's schema to the table by which the kernel reads its records as a mapping says."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import numpy as np

from equipoise.processors.avro import ops
from equipoise.processors.avro.compiler import DECLINED, SIZES, Code, TooLargeError, Type, kind_of, word_list
from equipoise.processors.avro.frame import Ints
from equipoise.processors.avro.keys import KeyTable
from equipoise.processors.instruments import Instruments
from equipoise.schemas.codec import Schema, named_types
from equipoise.streams.sources.mapped_plan import EVENT, SLOTS, WORDS, Node, Plan, value_of
from equipoise.streams.sources.mapping import Source
from equipoise.streams.sources.scale import EXACT
from equipoise.streams.sources.times import ISO, UNITS

_WHOLE: Final = ("int", "long")
_NUMBERS: Final = {"price": (ops.PRICE, ops.PRICE_POWER), "quantity": (ops.QUANTITY, ops.QUANTITY_POWER)}
_OWN_UNITS: Final = ("tick", "lot")
_SMALL: Final = 256  # integers that are words are looked up in a list


class MappedForm:
    """The records of one topic that a mapping reads (`columnar.Form`)."""

    def __init__(self, plan: Plan, instruments: Instruments) -> None:
        self._plan = plan
        self._instruments = instruments
        self._known: Ints
        self._changes = -1
        self.keys: Final = KeyTable(instruments, self._names).keys

    def table(self, writer: Schema, start: int) -> list[int]:
        """As `Form.table`."""
        code = Code(start, named_types(writer))
        try:
            _Read(self._plan, code).record(writer)
            return code.finished()
        except TooLargeError:
            return DECLINED

    def objects(self, start: int) -> list[int]:
        """None: JSON of another shape is not for the kernel."""
        del start
        return []

    def units(self) -> Ints:
        """As `Form.units`."""
        if self._changes != self._instruments.changes:
            self._changes = self._instruments.changes
            price, quantity = self._plan.units
            rows = [(*_digits(one.tick, price), *_digits(one.lot, quantity)) for one in self._instruments]
            self._known = np.array(rows, np.int64).reshape(-1, 4)
        return self._known

    def _names(self, key: str) -> Iterable[tuple[str, str]]:
        """What a record can say of venue and symbol, "" for what the mapping says."""
        for at in (at for at, letter in enumerate(key) if letter == ":"):
            venue, symbol = key[:at], key[at + 1 :]
            if venue and symbol and self._plan.venue in ("", venue) and self._plan.symbol in ("", symbol):
                yield "" if self._plan.venue else venue, "" if self._plan.symbol else symbol


def _digits(step: Decimal, unit: Decimal) -> tuple[int, int]:
    """A tick or lot in units of the records' numbers, as digits and a power of ten; 0 digits: not for the kernel."""
    try:
        _, digits, exponent = EXACT.divide(step, unit).normalize().as_tuple()
    except ArithmeticError:
        return 0, 0
    return (int("".join(map(str, digits))) if len(digits) <= 18 else 0), int(exponent)


class _Read:
    """Compiles a record: every part is read, wanted or not, as fastavro does without a schema of ours."""

    def __init__(self, plan: Plan, code: Code) -> None:
        self._plan = plan
        self._code = code

    def record(self, writer: Type) -> None:
        """The whole record, and then what its event sets."""
        self._code.emit(ops.SET, ops.VENUE_LENGTH, 0)
        self._code.emit(ops.SET, ops.SYMBOL_LENGTH, 0)
        self._fields(writer, self._plan.root)
        if len(self._plan.events) == 1 and self._plan.other == 0:
            self._event(self._plan.events[0])
            return
        places: list[int] = []
        jumps: list[int] = []
        self._code.listed(ops.CHOOSE, ops.EVENT, places)
        for event in self._plan.events:
            places.append(self._code.here())
            self._event(event)
            jumps.append(self._code.emit(ops.JUMP))
        self._code.land(jumps)

    def _event(self, constants: dict[int, int] | None) -> None:
        if constants is None:
            self._code.emit(ops.DECLINE)
        else:
            for slot, value in constants.items():
                self._code.emit(ops.SET, slot, value)

    def _fields(self, record: Type, node: Node) -> None:
        names = [one["name"] for one in record["fields"]]
        if len(set(names)) < len(names):
            self._code.emit(ops.DECLINE)  # of a name that stands twice the last counts
        for one in record["fields"]:
            within = node.within.get(one["name"])
            if within is None:
                self._drop(one["type"])
            else:
                self._value(one["type"], within)
        for name, within in node.within.items():
            if name not in names:
                self._missing(within)

    def _value(self, writer: Type, node: Node) -> None:
        writer = self._code.defined(writer)
        kind = kind_of(writer)
        if kind == "union":
            self._code.branches(writer, lambda branch: self._value(branch, node))
        elif kind == "null":
            self._null(node)
        elif kind == "record" and not node.reads:
            self._fields(writer, node)
        elif node.within:
            self._code.emit(ops.DECLINE)
        else:
            for number, (name, source) in enumerate(node.reads):
                if len(node.reads) > 1:
                    self._code.emit(ops.BACK if number else ops.MARK, ops.PLACE)
                self._column(writer, kind, name, source)

    def _null(self, node: Node) -> None:
        for name, _ in node.reads:
            if name == EVENT:
                self._chosen(self._plan.words.get("null", self._plan.other))
            else:
                self._absent(name)
        for within in node.within.values():
            self._missing(within)

    def _missing(self, node: Node) -> None:
        """A place that the record has not."""
        for name, source in node.all_reads():
            if name == EVENT:
                self._chosen(self._plan.words.get("", self._plan.other))
            elif source.optional:
                self._absent(name)
            else:
                self._code.emit(ops.DECLINE)

    def _absent(self, name: str) -> None:
        slot, absent = SLOTS[name]
        if absent is None:
            self._code.emit(ops.DECLINE)
        else:
            self._code.emit(ops.SET, slot, absent)

    def _chosen(self, event: int) -> None:
        if event == ops.UNMAPPED:
            self._code.emit(ops.DECLINE)
        else:
            self._code.emit(ops.SET, ops.EVENT, event)

    def _column(self, writer: Type, kind: str, name: str, source: Source) -> None:
        if name == EVENT:
            self._word(writer, kind, ops.EVENT, self._plan.words, self._plan.other)
        elif name in WORDS:
            words = {one: value_of(name, source, one) for one in source.words or WORDS[name]}
            if source.words or kind in ("string", "enum"):
                self._word(writer, kind, SLOTS[name][0], words, ops.UNMAPPED)
            else:
                self._code.emit(ops.DECLINE)
        elif name in _NUMBERS:
            self._number(writer, kind, name, source)
        else:
            self._plain(kind, name, source)

    def _plain(self, kind: str, name: str, source: Source) -> None:
        """Texts, ids, sequence numbers, times, the last of an event."""
        slot = SLOTS[name][0]
        if name in ("venue", "symbol") and kind == "string":
            self._code.emit(ops.TEXT, slot)
        elif name == "order_id" and kind in ("string", *_WHOLE):
            self._code.emit(ops.DIGITS if kind == "string" else ops.NATURAL, slot)
        elif name.endswith("sequence") and kind in _WHOLE:
            self._code.emit(ops.COUNT, slot, 1, source.add)
        elif name.endswith("_time") and kind in _WHOLE and source.unit != ISO:
            self._code.emit(ops.COUNT, slot, UNITS[source.unit])
        elif name == "last_in_event" and kind == "boolean":
            self._code.listed(ops.BOOLEAN, slot, [0, 1])
        else:
            self._code.emit(ops.DECLINE)

    def _word(self, writer: Type, kind: str, slot: int, words: dict[str, int], other: int) -> None:
        """A value that stands for a number."""
        if kind == "string" and all(len(one.encode()) <= ops.WORD_SIZE for one in words):
            self._code.listed(ops.WORD, slot, word_list(words, other))
        elif kind == "enum":
            values = [words.get(symbol, other) for symbol in writer["symbols"]]
            self._code.listed(ops.ENUM, slot, values, len(values))
        elif kind == "boolean":
            self._code.listed(ops.BOOLEAN, slot, [words.get("false", other), words.get("true", other)])
        elif kind in _WHOLE and other == ops.UNMAPPED:
            values = [words.get(str(number), other) for number in range(_SMALL)]
            self._code.listed(ops.ENUM, slot, values, len(values))
        else:
            self._code.emit(ops.DECLINE)

    def _number(self, writer: Type, kind: str, name: str, source: Source) -> None:
        slot, power = _NUMBERS[name]
        scale = writer.get("scale", 0) if isinstance(writer, dict) and writer.get("logicalType") == "decimal" else None
        if kind in _WHOLE:
            self._code.emit(ops.SET, power, 0 if source.unit in _OWN_UNITS else ops.POWER)
            self._code.emit(ops.LONG, slot, ops.NO_UNION)
        elif source.unit in _OWN_UNITS:
            self._code.emit(ops.DECLINE)
        elif kind == "string":
            self._code.emit(ops.NUMBER, slot, power)
        elif kind == "double":
            self._code.emit(ops.DOUBLE, slot, power)
        elif scale is not None and scale < ops.POWER:
            self._code.emit(ops.SET, power, ops.POWER - scale)
            op, size = (ops.DECIMAL, 0) if kind == "bytes" else (ops.FIXED_DECIMAL, writer["size"])
            self._code.emit(op, slot, size, writer["precision"])
        else:
            self._code.emit(ops.DECLINE)

    def _drop(self, writer: Type) -> None:
        """A value that no column is read from."""
        writer = self._code.defined(writer)
        kind = kind_of(writer)
        if kind in _WHOLE:
            self._code.emit(ops.LONG, ops.SINK, ops.NO_UNION)
        elif kind == "enum":
            self._code.listed(ops.ENUM, ops.SINK, [0] * len(writer["symbols"]), len(writer["symbols"]))
        elif kind == "bytes" and isinstance(writer, dict) and "logicalType" in writer:
            self._code.emit(ops.DECIMAL, ops.SINK, 0, writer["precision"])  # a decimal's length is bounded
        elif kind in ("bytes", "string"):
            self._code.emit(ops.BYTES if kind == "bytes" else ops.UTF8, ops.SINK, ops.NO_UNION)
        elif kind in SIZES or kind == "fixed":
            self._code.emit(ops.FIXED, SIZES[kind] if kind in SIZES else writer["size"])
        elif kind == "record":
            for one in writer["fields"]:
                self._drop(one["type"])
        elif kind in ("array", "map"):
            self._code.items(writer, ops.UTF8, self._drop, sized=False)
        elif kind == "union":
            self._code.branches(writer, self._drop)
        elif kind != "null":
            self._code.emit(ops.DECLINE)
