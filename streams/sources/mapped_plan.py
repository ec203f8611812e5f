"""What of a mapping the decoder's kernel can do: one row a record, of the kind that one field says.

`plan_of` gives None for the rest (lists, snapshots, fill keys, flags by condition, conditions on several fields, words
for venue or symbol, one column from different fields): those mappings are read record by record.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from equipoise.processors.avro import ops
from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Side, TradingStatus
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapping import Event, Mapping, Source, word_of
from equipoise.streams.sources.paths import Path

# Columns by their names in a mapping: the slot, and what it holds where the mapping or the record says nothing.
SLOTS: Final = {
    "action": (ops.ACTION, None),
    "side": (ops.SIDE, 0),
    "price": (ops.PRICE, NULL),
    "quantity": (ops.QUANTITY, NULL),
    "order_id": (ops.ORDER_ID, 0),
    "sequence": (ops.SEQUENCE, NULL),
    "previous_sequence": (ops.PREVIOUS_SEQUENCE, NULL),
    "last_in_event": (ops.LAST_IN_EVENT, 1),
    "trading_status": (ops.TRADING_STATUS, 0),
    "event_time": (ops.EVENT_TIME_NS, None),
    "arrival_time": (ops.ARRIVAL_TIME_NS, NULL),
    "venue": (ops.VENUE, None),
    "symbol": (ops.SYMBOL, None),
}
WORDS: Final[dict[str, dict[str, int]]] = {
    "action": {one.name: int(one) for one in Action},
    "side": {one.name: int(one) for one in Side},
    "trading_status": {one.name: int(one) for one in TradingStatus},
}
EVENT: Final = "event"  # the field that says which event a record is
OWN_UNITS: Final = ("", "tick", "lot")
_TEXTS: Final = ("venue", "symbol")


@dataclass(slots=True)
class Node:
    """A place in a record: the columns that are read from it, and the places within it."""

    reads: list[tuple[str, Source]] = field(default_factory=list)
    within: dict[str, "Node"] = field(default_factory=dict)

    def all_reads(self) -> list[tuple[str, Source]]:
        """Those of the places within it, too."""
        return [*self.reads, *(one for node in self.within.values() for one in node.all_reads())]


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping as the kernel does it."""

    root: Node
    events: list[dict[int, int] | None]  # what each sets whatever the record says; None: not for the kernel
    words: dict[str, int]  # the event of a word
    other: int  # that of every other word, UNMAPPED: of none
    venue: str  # "": the record says it
    symbol: str
    units: tuple[Decimal, Decimal]  # what one of a record's price and of its quantity is


def plan_of(mapping: Mapping, origin: Origin) -> Plan | None:
    """The plan of a mapping of Avro, its events those of the topic's channel; None: record by record."""
    paths = {path.text: path for event in mapping.events for path, _ in event.when}
    if len(paths) > 1 or any(len(event.when) > 1 or not _simple(event) for event in mapping.events):
        return None
    sources = _sources(mapping)
    texts = {name: _constant(name, mapping, sources, origin) for name in _TEXTS}
    if sources is None or any(text is None for text in texts.values()):
        return None
    root = Node()
    for name, source in sources.items():
        if not _hang(root, source.path, name, source):
            return None
    for path in paths.values():
        if not _hang(root, path, EVENT, Source(path)):
            return None
    words: dict[str, int] = {}
    other = ops.UNMAPPED
    for number, event in enumerate(mapping.events):
        if not event.when:
            other = number
            break
        for word in event.when[0][1]:
            words.setdefault(word, number)
    events = [_constants(event) for event in mapping.events]
    units = _unit(sources.get("price")), _unit(sources.get("quantity"))
    return Plan(root, events, words, other, texts["venue"] or "", texts["symbol"] or "", units)


def value_of(name: str, source: Source, word: str) -> int:
    """What a word of the record stands for in the column, UNMAPPED: it is refused, or not for the kernel."""
    ours = source.words.get(word) if source.words else word
    return WORDS[name].get(ours or "", ops.UNMAPPED)


def _simple(event: Event) -> bool:
    if event.ignore:
        return True
    row = event.rows[0]
    return len(event.rows) == 1 and row.each is None and not (event.snapshot or row.flags_when or row.fill_key)


def _sources(mapping: Mapping) -> dict[str, Source] | None:
    """The field of each column that has one; None where events have different ones."""
    found: dict[str, Source] = {}
    for event in mapping.events:
        for name, source in ({} if event.ignore else event.rows[0].fields).items():
            if source.path is not None and found.setdefault(name, source) != source:
                return None
            if source.path is None and name not in (*WORDS, *_TEXTS, "last_in_event"):
                return None
    return found


def _constant(name: str, mapping: Mapping, sources: dict[str, Source] | None, origin: Origin) -> str | None:
    """A venue or symbol that all records share, "" where each says its own; None: neither."""
    known = [event.rows[0].fields.get(name) for event in mapping.events if not event.ignore]
    if sources is not None and name in sources:
        said = all(one is not None and one.path is not None for one in known)
        return "" if said and not sources[name].words else None
    texts = {getattr(origin, name) if one is None else one.value or getattr(origin, name) for one in known}
    text = texts.pop() if len(texts) == 1 else None
    plain = not any(one is not None and one.words for one in known)
    return text if plain and isinstance(text, str) and text else None


def _hang(root: Node, path: Path | None, name: str, source: Source) -> bool:
    """Put a column at its place; False where the path goes through a list."""
    if path is None or path.relative or path.each:
        return False
    node = root
    for step in path.steps:
        if not isinstance(step, str):
            return False
        node = node.within.setdefault(step, Node())
    node.reads.append((name, source))
    return True


def _constants(event: Event) -> dict[int, int] | None:
    if event.ignore:
        return None
    row = event.rows[0]
    found = {
        ops.FLAGS: row.flags,
        ops.MODIFY_FLAGS: int(row.modify),
        ops.STAMPED: int("arrival_time" not in row.fields),
    }
    for name, (slot, absent) in SLOTS.items():
        source = row.fields.get(name)
        if name in _TEXTS or (source is not None and source.path is not None):
            continue
        value = absent if source is None else _fixed(name, source)
        if value is None or value == ops.UNMAPPED:
            return None
        found[slot] = value
    return found


def _unit(source: Source | None) -> Decimal:
    return Decimal(1) if source is None or source.unit in OWN_UNITS else Decimal(source.unit)


def _fixed(name: str, source: Source) -> int | None:
    value: Any = source.value
    if name == "last_in_event":
        return int(value) if type(value) is bool else None
    if source.words:
        return value_of(name, source, word_of(value))
    return value_of(name, source, value) if type(value) is str else None
