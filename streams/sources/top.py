"""A venue's view of its own book: as many levels as were subscribed to, for its checksum and for what falls out."""

from bisect import bisect_left
from decimal import Decimal
from typing import Final

from equipoise.schemas.enums import Side
from equipoise.streams.sources.checksums import Level, Rule, printed

_SIGN: Final = {Side.BID: -1, Side.ASK: 1}  # keys ascend from the best level


class Top:
    """Levels of both sides in ticks and lots, the best first."""

    def __init__(self, tick: Decimal, lot: Decimal) -> None:
        self._units = tick, lot
        self._keys: dict[Side, list[int]] = {Side.BID: [], Side.ASK: []}
        self._lots: dict[Side, dict[int, int]] = {Side.BID: {}, Side.ASK: {}}
        self._depth = 0  # levels a side that the venue sends

    def set(self, side: Side, ticks: int, lots: int) -> None:
        """A level's new total; 0 removes it."""
        key, keys, held = _SIGN[side] * ticks, self._keys[side], self._lots[side]
        if lots == 0:
            if held.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]
            return
        if key not in held:
            keys.insert(bisect_left(keys, key), key)
        held[key] = lots

    def begun(self) -> None:
        """A snapshot is complete: it has as many levels as the subscription, or all there are."""
        self._depth = max(map(len, self._keys.values()))

    def drop_deep(self, side: Side) -> list[int]:
        """Forget what has fallen below the subscribed depth, of which the venue says no more; returns its prices."""
        keys = self._keys[side]
        fallen, keys[self._depth :] = keys[self._depth :], []
        for key in fallen:
            del self._lots[side][key]
        return [_SIGN[side] * key for key in fallen]

    def checksum(self, rule: Rule, levels: int = 100) -> int:
        """By the rule of the venue."""
        return rule(self._printed(Side.BID, levels), self._printed(Side.ASK, levels))

    def _printed(self, side: Side, levels: int) -> list[Level]:
        tick, lot = self._units
        held = self._lots[side]
        return [(printed(_SIGN[side] * key, tick), printed(held[key], lot)) for key in self._keys[side][:levels]]
