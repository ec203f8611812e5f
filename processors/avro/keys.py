"""Instruments by the bytes of venue and symbol: an open-addressing table that the kernel reads."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.wire import INT, Bytes, Words, word_at, words_of
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import inner, njit

_U: Final[Any] = np.uint64
_LOW, _32, _29 = _U(0xFFFFFFFF), _U(32), _U(29)
_K1, _K2, _K3 = _U(0x5BD1E995), _U(0x27D4EB2F), _U(0x165667B1)


Names = Callable[[str], Iterable[tuple[str, str]]]


class Keys(NamedTuple):
    """The table's arrays."""

    homes: NDArray[np.int64]  # (a power of two,) entry + 1, 0: free
    entries: NDArray[np.int64]  # (m, 4) where venue and symbol follow each other in `text`, their lengths, instrument
    text: Bytes
    words: Words
    listed: NDArray[np.bool_]  # by instrument


@inner
def _hash(hashed: np.uint64, data: Bytes, words: Words, at: int, size: int) -> np.uint64:
    while size > 0:
        word = word_at(data, words, at, size)
        hashed = ((word & _LOW) * _K1) ^ ((word >> _32) * _K2) ^ ((hashed & _LOW) * _K3) ^ (hashed >> _32)
        at += 8
        size -= 8
    return hashed


@inner
def _home(data: Bytes, words: Words, venue: int, venue_size: int, symbol: int, symbol_size: int) -> int:
    hashed = _hash(_U(venue_size), data, words, venue, venue_size)
    hashed = _hash(hashed, data, words, symbol, symbol_size)
    return INT((hashed ^ (hashed >> _29)) & _LOW)


@inner
def _same(data: Bytes, words: Words, at: int, keys: Keys, start: int, size: int) -> bool:
    while size > 0:
        if word_at(data, words, at, size) != word_at(keys.text, keys.words, start, size):
            return False
        at += 8
        start += 8
        size -= 8
    return True


@inner
def find(keys: Keys, data: Bytes, words: Words, venue: int, venue_size: int, symbol: int, symbol_size: int) -> int:
    """The instrument, -1 where it is not listed."""
    mask = len(keys.homes) - 1
    at = _home(data, words, venue, venue_size, symbol, symbol_size) & mask
    while keys.homes[at] != 0:
        entry = keys.entries[keys.homes[at] - 1]
        start = entry[0]
        if (
            entry[1] == venue_size
            and entry[2] == symbol_size
            and _same(data, words, venue, keys, start, venue_size)
            and _same(data, words, symbol, keys, start + venue_size, symbol_size)
        ):
            return entry[3] if keys.listed[entry[3]] else -1
        at = (at + 1) & mask
    return -1


@njit
def _enter(keys: Keys, first: int) -> None:
    """Enter the entries from `first` on."""
    mask = len(keys.homes) - 1
    for number in range(first, len(keys.entries)):
        start, venue_size, symbol_size = keys.entries[number, 0], keys.entries[number, 1], keys.entries[number, 2]
        at = _home(keys.text, keys.words, start, venue_size, start + venue_size, symbol_size) & mask
        while keys.homes[at] != 0:
            at = (at + 1) & mask
        keys.homes[at] = number + 1


class KeyTable:
    """Follows an `Instruments` table: those listed later are found, those delisted are not."""

    def __init__(
        self, instruments: Instruments, names: Callable[[str], Iterable[tuple[str, str]]] | None = None
    ) -> None:
        """Table of these instruments; `names` gives the venues and symbols that records have for a VENUE:SYMBOL."""
        self._instruments = instruments
        self._names = names or _halves
        self._changes = -1
        self._entries: list[tuple[int, int, int, int]] = []
        self._text = bytearray()
        self._known = 0  # instruments entered
        self._keys: Keys

    def keys(self) -> Keys:
        """The arrays as of now; cheap where nothing has been listed or delisted."""
        if self._changes != self._instruments.changes:
            self._changes = self._instruments.changes
            self._follow()
        return self._keys

    def _follow(self) -> None:
        before = len(self._entries)
        for index in range(self._known, len(self._instruments)):
            self._add(self._instruments[index].key, index)
        self._known = len(self._instruments)
        size = 16
        while size < 2 * len(self._entries):
            size *= 2
        grown = before == 0 or size != len(self._keys.homes)
        text = np.frombuffer(bytes(self._text), np.uint8)
        self._keys = Keys(
            np.zeros(size, np.int64) if grown else self._keys.homes,
            np.array(self._entries, np.int64).reshape(-1, 4),
            text,
            words_of(text),
            np.array([self._instruments.is_listed(instrument.key) for instrument in self._instruments], np.bool_),
        )
        _enter(self._keys, 0 if grown else before)

    def _add(self, key: str, index: int) -> None:
        for venue, symbol in self._names(key):
            try:
                texts = venue.encode(), symbol.encode()
            except UnicodeEncodeError:  # no bytes of a record are this text
                continue
            self._entries.append((len(self._text), len(texts[0]), len(texts[1]), index))
            self._text += b"".join(texts)


def _halves(key: str) -> Iterable[tuple[str, str]]:
    """One pair for each colon, since `Instruments.find` cannot tell A:B, C from A, B:C."""
    return ((key[:at], key[at + 1 :]) for at, letter in enumerate(key) if letter == ":")
