"""A mapping: how a cluster's own order topic is read. TOML, checked when it is loaded.

    encoding = "json"                      # or "avro": the writer's schema, from the registry
    sample = "sample.json"                 # checked against it at start; avro: schema = "orders.avsc", or the registry
    symbol = "data.s"                      # a string is a field's path
    venue = { value = "KRAKEN" }           # a constant
    event_time = { field = "data.T", unit = "ms" }

    [[event]]                              # the first whose `when` fits; none fits: flagged NOT_AN_EVENT
    when = { "data.e" = ["trade"] }
    action = { value = "TRADE" }
    side = { field = "data.m", words = { true = "ASK", false = "BID" } }
    price = "data.p"                       # decimal; { field = "data.p", unit = "1e-9" }: billionths; "tick": ticks
    quantity = "data.q"
    fill_key = ["data.t"]                  # a second record with it is flagged DUPLICATE_FILL

    [[event]]
    when = { "data.e" = ["depthUpdate"] }
    action = { value = "LEVEL" }
    sequence = "data.u"
    previous_sequence = { field = "data.U", add = -1 }
    [[event.row]]                          # rows of one event; its keys go before the event's, those before the file's
    each = "data.b[]"                      # one row for each element; paths that start with . or [ are of the element
    side = { value = "BID" }
    price = "[0]"
    quantity = "[1]"

Further keys: `snapshot = true` (a SNAPSHOT row first), `modify = "remainder" | "delta" | "upsert"`,
`flags = ["HIDDEN"]`, `flags_when = { LIQUIDATION = { "data.l" = [true] } }`, `ignore = true` (flagged), `topic`
(a pattern whose groups venue, symbol and channel are taken where records do not say them; the channel as
`when = { "$channel" = ["trades"] }`), and `optional = true`
in a field's table (missing or null: absent, not refused).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from equipoise.schemas.enums import Flag
from equipoise.streams.sources.paths import Path

REMAINDER: Final = Flag(0)


class MappingError(Exception):
    """A mapping cannot work: the message names file, line, field and what is allowed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one value comes from."""

    path: Path | None = None
    value: Any = None  # where there is no path
    words: dict[str, str] = field(default_factory=dict)  # the record's word: ours
    unit: str = ""  # of a time; of a number: "", its own step ("tick", "lot"), or a decimal
    add: int = 0
    optional: bool = False


Condition = tuple[Path, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """What gives one row, or one for each element of a list."""

    fields: dict[str, Source]
    each: Path | None = None
    flags: int = 0
    flags_when: tuple[tuple[int, tuple[Condition, ...]], ...] = ()
    modify: Flag = REMAINDER
    fill_key: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of record."""

    when: tuple[Condition, ...]
    rows: tuple[Row, ...]
    ignore: bool = False
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping."""

    name: str
    events: tuple[Event, ...]
    avro: bool = False
    topic: re.Pattern[str] | None = None
    sample: FilePath | None = None
    schema: FilePath | None = None


def word_of(value: Any) -> str:
    """A value as the words of a mapping name it: true, false, null, a number's digits, a text itself."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
