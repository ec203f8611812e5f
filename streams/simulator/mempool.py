"""Transactions on their way to a block: what the network sees of them, and what becomes of them.

submitted ─► SEEN (unless private; some twice) ─► included in a block ─► its trade, INCLUDED
                                  │           └─► DROPPED
                                  └─► outbid by its own sender: SEEN of the new one, REPLACED of the old one
                                      (some bids are too low: SEEN by some node, and nothing comes of it)
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import PendingState
from equipoise.streams.simulator.variates import below, exponential

GWEI: Final = 1_000_000_000
_BASE_FEE: Final = 20 * GWEI
_SENDERS: Final = 400

Draw = Callable[[], int]
Record = dict[str, Any]


@dataclass(slots=True)
class Swap:
    """One transaction with one swap, and the truth about it."""

    number: int
    hash: str
    sender: str
    nonce: int
    fee: int  # wei per gas
    tip: int
    buys: bool
    lots: int
    submitted_ns: int
    informed: bool
    private: bool
    limit: int | None = None  # price beyond which it takes nothing, ticks


class Mempool:
    """Who waits. Senders have one transaction at a time, so a nonce is never skipped."""

    def __init__(self, name: str, draw: Draw) -> None:
        self._name = name
        self._draw = draw
        self._count = 0
        self._nonces: dict[str, int] = {}
        self._busy: set[str] = set()
        self.waiting: dict[str, Swap] = {}

    def submit(self, ns: int, buys: bool, lots: int, informed: bool, private: bool, limit: int | None) -> Swap:
        """A new transaction. Informed senders pay for haste."""
        sender = self._free_sender()
        least, mean = (3, 5) if informed else (1, 2)
        tip = least * GWEI + int(exponential(self._draw()) * mean * 1_000) * (GWEI // 1_000)
        nonce = self._nonces.get(sender, 0)
        self._nonces[sender] = nonce + 1
        self._busy.add(sender)
        fee = 2 * _BASE_FEE + tip
        swap = Swap(self._count, self._hash(), sender, nonce, fee, tip, buys, lots, ns, informed, private, limit)
        self.waiting[swap.hash] = swap
        return swap

    def outbid(self, old: Swap, ns: int, enough: bool) -> Swap:
        """The same swap for more. With `enough` it takes the old one's place; else the network ignores it."""
        percent = 110 + below(self._draw(), 50) if enough else 101 + below(self._draw(), 9)
        fee, tip = -(-old.fee * percent // 100), -(-old.tip * percent // 100)
        if not enough:
            fee, tip = old.fee * percent // 100, old.tip * percent // 100
        new = Swap(
            self._count, self._hash(), old.sender, old.nonce, fee, tip, old.buys, old.lots, ns, old.informed, False,
            old.limit,
        )  # fmt: skip
        if enough:
            del self.waiting[old.hash]
            self.waiting[new.hash] = new
        return new

    def end(self, swap: Swap) -> None:
        """It is in a block or forgotten; its sender may send again. A forgotten nonce is used again."""
        del self.waiting[swap.hash]
        self._busy.discard(swap.sender)

    def forget(self, swap: Swap) -> None:
        """Dropped: the nonce was not used."""
        self.end(swap)
        self._nonces[swap.sender] = swap.nonce

    def by_tip(self, before_ns: int) -> list[Swap]:
        """Those that had reached the builders, best paying first."""
        ready = [swap for swap in self.waiting.values() if swap.submitted_ns < before_ns]
        return sorted(ready, key=lambda swap: (-swap.tip, swap.number))

    def _hash(self) -> str:
        self._count += 1
        return "0x" + hashlib.blake2b(f"{self._name}/{self._count}".encode(), digest_size=32).hexdigest()

    def _free_sender(self) -> str:
        first = below(self._draw(), _SENDERS)
        for step in range(_SENDERS):
            text = f"{self._name}/sender/{(first + step) % _SENDERS}"
            sender = "0x" + hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
            if sender not in self._busy:
                return sender
        return "0x" + hashlib.blake2b(f"{self._name}/one-off/{self._count}".encode(), digest_size=20).hexdigest()


def pending_record(
    swap: Swap, state: PendingState, instrument: Instrument, pool: str, event_ns: int, arrival_ns: int, **more: Any
) -> Record:
    """A PendingTransaction record; `more` sets block_number or replaced_by."""
    amount: Decimal = swap.lots * instrument.lot
    return {
        "hash": swap.hash,
        "chain_id": 1,
        "state": state.name,
        "sender": swap.sender,
        "nonce": swap.nonce,
        "max_fee_per_gas": swap.fee,
        "max_priority_fee_per_gas": swap.tip,
        "legs": [
            {
                "venue": instrument.venue,
                "symbol": instrument.symbol,
                "pool": pool,
                "side": "BID" if swap.buys else "ASK",
                "amount": format(amount, "f"),
            }
        ],
        "replaced_by": None,
        "block_number": None,
        "raw": None,
        "event_time_ns": event_ns,
        "arrival_time_ns": arrival_ns,
        "source": "simulator",
        **more,
    }
