"""The table of instruments: what an index in `Events.instrument` stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from equipoise.schemas.enums import BookSource


@dataclass(frozen=True, slots=True)
class Instrument:
    """One listed instrument (SEMANTICS: Instruments)."""

    venue: str
    symbol: str
    tick: Decimal  # price units of one tick
    lot: Decimal  # quantity units of one lot
    book_source: BookSource = BookSource.L3
    contract: str = "linear"  # linear, inverse or quanto
    multiplier: Decimal = Decimal(1)  # underlying (linear) or quote (inverse) units of one quantity unit
    underlying: str = ""
    base: str = ""
    quote: str = ""
    settlement: str = ""
    session_ns: int = 0  # offset of the daily session boundary from 00:00 UTC
    effective_from_ns: int = 0

    @property
    def key(self) -> str:
        """VENUE:SYMBOL, the Kafka key of everything about it."""
        return f"{self.venue}:{self.symbol}"


class Instruments:
    """Instruments by index and by key. An index, once given, is never used for another key."""

    def __init__(self) -> None:
        self._rows: list[Instrument] = []
        self._index: dict[str, int] = {}
        self._delisted: set[str] = set()
        self.changes = 0  # grows with each change: what follows this table looks at it

    def add(self, instrument: Instrument) -> int:
        """List an instrument, or replace its definition; returns its index."""
        self.changes += 1
        self._delisted.discard(instrument.key)
        index = self._index.setdefault(instrument.key, len(self._rows))
        self._rows[index : index + 1] = [instrument]
        return index

    def delist(self, key: str) -> bool:
        """Let VENUE:SYMBOL be found no more; its index stays its own, should it come back. False: not listed."""
        listed = self.is_listed(key)
        self._delisted.add(key)
        self.changes += listed
        return listed

    def is_listed(self, key: str) -> bool:
        """Whether VENUE:SYMBOL can be found."""
        return key in self._index and key not in self._delisted

    def find(self, venue: str, symbol: str) -> int:
        """The index of VENUE:SYMBOL, or -1."""
        key = f"{venue}:{symbol}"
        return -1 if key in self._delisted else self._index.get(key, -1)

    def index(self, key: str) -> int:
        """The index of VENUE:SYMBOL, listed or delisted, or -1."""
        return self._index.get(key, -1)

    def __getitem__(self, index: int) -> Instrument:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._rows)
