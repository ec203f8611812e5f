"""The pending pool: PendingTransaction records in, SwapIntent records out. No I/O, no clock.

A transaction is *pending* from its SEEN record to its end; each of its swaps (legs) with a known instrument
is an intent for as long. What a record does:

| record   | hash is  | (sender, nonce) is | then |
|----------|----------|--------------------|------|
| SEEN     | pending or ended | any        | flagged: a duplicate |
| SEEN     | new      | free               | pending: INTENT for each leg (flagged where it has no leg that we know) |
| SEEN     | new      | taken, outbid      | the old one ends as REPLACED, the new one is pending and names it |
| SEEN     | new      | taken, not outbid  | flagged: underpriced, nodes do not relay it |
| INCLUDED | any      | taken              | whichever holds the nonce ends: INCLUDED itself, REPLACED another |
| INCLUDED | any      | free               | flagged: never seen (private flow) or ended before |
| REPLACED, DROPPED, EXPIRED | pending | | it ends so: RETRACT for each leg |
| REPLACED, DROPPED, EXPIRED | other   | | flagged: unknown |

Time is the highest event time seen, and every output carries it, so outputs never run backwards. As it passes,
expectations are lowered at fixed ages (`inclusion`) and transactions older than `max_age_ms` end as EXPIRED.
At `max_transactions` the longest pending one ends as EXPIRED to make room, and `evicted` counts it. Hashes that
ended by inclusion or replacement are remembered (the last `max_remembered` of them), so that late gossip does not
bring them back; a dropped or expired one may return.

Not guaranteed: a replacement is noticed only by the pool that holds the transaction it replaces. A mempool topic
that is keyed by hash and has several partitions needs REPLACED or INCLUDED records for the old hash.
"""

import heapq
import json
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from equipoise.processors.inclusion import (
    PPM,
    InclusionSettings,
    inclusion_ppm,
    next_step_ns,
    outbids,
    percentile_ppm,
)
from equipoise.processors.instruments import Instruments
from equipoise.processors.pending_records import Leg, PoolTarget, RefusedRecord, Transaction, read_transaction
from equipoise.schemas.enums import Action, Cause, Outcome, PendingState, Side
from equipoise.schemas.ids import intent_id

_NS_PER_MS = 1_000_000
_LAYOUT = 1  # of the dump


@dataclass(frozen=True, slots=True)
class PendingSettings:
    """Pools, limits and the inclusion hazard. Addresses are lower-case hexadecimal.

    A pool that is not listed here is known by the venue and symbol that its leg names.
    """

    pools: Mapping[str, PoolTarget] = field(default_factory=dict)
    inclusion: InclusionSettings = field(default_factory=InclusionSettings)
    max_age_ms: int = 180_000  # event time; geth keeps them 3 h, but what waits that long no longer tells anything
    max_transactions: int = 65_536
    max_remembered: int = 65_536
    max_ahead_ms: int = 10_000  # of event time past arrival

    def __post_init__(self) -> None:
        for name in ("max_age_ms", "max_transactions", "max_remembered"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")


class PendingStep(NamedTuple):
    """What became of one record, and the SwapIntent records that it (or the time it brought) caused."""

    outcome: Outcome
    cause: Cause
    detail: str
    intents: list[dict[str, Any]]


@dataclass(slots=True)
class _Pending:
    hash: str
    sender: str
    nonce: int
    fee: int
    tip: int
    seen_ns: int
    number: int  # counts transactions, tells a returning one from what it was before
    source: str
    legs: list[Leg]
    replaces: str | None = None
    steps: int = 0  # ages outlived
    expected: list[int] = field(default_factory=list)  # lots of each leg, as last published


class PendingPool:
    """All pending transactions of one mempool partition. Deterministic in its records."""

    def __init__(self, instruments: Instruments, settings: PendingSettings | None = None) -> None:
        self.settings = settings or PendingSettings()
        self.evicted = 0
        self._instruments = instruments
        self._clear()

    def _clear(self) -> None:
        self._pending: dict[str, _Pending] = {}  # in order of their SEEN records
        self._by_nonce: dict[tuple[str, int], str] = {}
        self._ended: dict[str, None] = {}
        self._tips: list[int] = []  # ascending
        self._due: list[tuple[int, int, str]] = []  # heap of (ns, number, hash), one valid entry each
        self._number = 0
        self._now_ns = 0
        self._arrival_ns: int | None = None

    def __len__(self) -> int:
        """Transactions pending."""
        return len(self._pending)

    def step(self, record: Mapping[str, Any]) -> PendingStep:
        """Apply one PendingTransaction record (its dict, as `schemas.codec.decode` gives it)."""
        ahead = self.settings.max_ahead_ms * _NS_PER_MS
        try:
            tx = read_transaction(record, self.settings.pools, self._instruments, ahead)
        except RefusedRecord as refused:
            return PendingStep(Outcome.DEAD, refused.cause, str(refused), [])
        self._now_ns = max(self._now_ns, tx.event_ns)
        if tx.arrival_ns is not None:
            self._arrival_ns = max(self._arrival_ns or 0, tx.arrival_ns)
        intents = self._pass_time()
        if tx.state == PendingState.SEEN:
            cause, detail = self._seen(tx, intents)
        elif tx.state == PendingState.INCLUDED:
            cause, detail = self._included(tx, intents)
        else:
            cause, detail = self._ends(tx, intents)
        return PendingStep(Outcome.USED if cause == Cause.NONE else Outcome.FLAGGED, cause, detail, intents)

    def _seen(self, tx: Transaction, intents: list[dict[str, Any]]) -> tuple[Cause, str]:
        if tx.hash in self._pending or tx.hash in self._ended:
            return Cause.DUPLICATE_ORDER, f"hash: {tx.hash} was seen before"
        rival = self._pending.get(self._by_nonce.get((tx.sender, tx.nonce), ""))
        if rival is None and not tx.legs:
            if tx.unknown_legs:
                return Cause.UNKNOWN_INSTRUMENT, f"legs: none of {tx.unknown_legs} swaps is of a listed instrument"
            return Cause.NOT_AN_EVENT, "legs: no swap"
        if rival is not None:
            if not outbids(tx.fee, tx.tip, rival.fee, rival.tip):
                return Cause.UNDERPRICED, f"fee {tx.fee}, tip {tx.tip}: not a tenth above {rival.fee}, {rival.tip}"
            self._end(rival, PendingState.REPLACED, intents)
        if len(self._pending) >= self.settings.max_transactions:
            self.evicted += 1
            self._end(next(iter(self._pending.values())), PendingState.EXPIRED, intents)
        self._admit(tx, rival, intents)
        return Cause.NONE, ""

    def _included(self, tx: Transaction, intents: list[dict[str, Any]]) -> tuple[Cause, str]:
        holder = self._pending.get(tx.hash) or self._pending.get(self._by_nonce.get((tx.sender, tx.nonce), ""))
        if holder is None:
            self._remember(tx.hash)
            return Cause.UNKNOWN_ORDER, f"hash: {tx.hash} is not pending"
        self._end(holder, PendingState.INCLUDED if holder.hash == tx.hash else PendingState.REPLACED, intents)
        self._remember(tx.hash)
        return Cause.NONE, ""

    def _ends(self, tx: Transaction, intents: list[dict[str, Any]]) -> tuple[Cause, str]:
        entry = self._pending.get(tx.hash)
        if entry is None:
            return Cause.UNKNOWN_ORDER, f"hash: {tx.hash} is not pending"
        self._end(entry, tx.state, intents)
        return Cause.NONE, ""

    def _admit(self, tx: Transaction, rival: _Pending | None, intents: list[dict[str, Any]]) -> None:
        self._number += 1
        entry = _Pending(tx.hash, tx.sender, tx.nonce, tx.fee, tx.tip, tx.event_ns, self._number, tx.source, tx.legs)
        entry.replaces = rival.hash if rival is not None else None
        self._insert(entry)
        self._expect(entry, intents)

    def _insert(self, entry: _Pending) -> None:
        self._pending[entry.hash] = entry
        self._by_nonce[entry.sender, entry.nonce] = entry.hash
        insort(self._tips, entry.tip)
        self._schedule(entry)

    def _end(self, entry: _Pending, state: PendingState, intents: list[dict[str, Any]]) -> None:
        del self._pending[entry.hash]
        del self._by_nonce[entry.sender, entry.nonce]
        del self._tips[bisect_left(self._tips, entry.tip)]
        if state in (PendingState.REPLACED, PendingState.INCLUDED):
            self._remember(entry.hash)
        intents.extend(self._intent(entry, leg, 0, 0, state) for leg in entry.legs if leg.lots)
        self._compact()

    def _remember(self, hash_: str) -> None:
        self._ended.setdefault(hash_)
        while len(self._ended) > self.settings.max_remembered:
            del self._ended[next(iter(self._ended))]

    def _expect(self, entry: _Pending, intents: list[dict[str, Any]]) -> None:
        """Publish what the legs are now expected to bring, where that has changed."""
        percentile = percentile_ppm(self._tips, entry.tip)
        ppm = inclusion_ppm(percentile, entry.steps, self.settings.inclusion)
        expected = [leg.lots * ppm // PPM for leg in entry.legs]
        before = entry.expected or [-1] * len(expected)
        for leg, old, new in zip(entry.legs, before, expected, strict=True):
            if leg.lots and new != old:
                intents.append(self._intent(entry, leg, ppm, new, PendingState.SEEN))
        entry.expected = expected

    def _intent(self, entry: _Pending, leg: Leg, ppm: int, expected: int, state: PendingState) -> dict[str, Any]:
        action = Action.INTENT if state == PendingState.SEEN else Action.RETRACT
        replaces = entry.replaces if action == Action.INTENT else None
        return {
            "venue": leg.venue,
            "symbol": leg.symbol,
            "action": action.name,
            "intent_id": intent_id(entry.hash, leg.number),
            "transaction": entry.hash,
            "leg": leg.number,
            "side": Side(leg.side).name,
            "amount": leg.lots,
            "inclusion_probability": ppm / PPM,
            "expected": expected,
            "replaces": intent_id(replaces, leg.number) if replaces is not None else None,
            "state": state.name,
            "event_time_ns": self._now_ns,
            "arrival_time_ns": self._arrival_ns,
            "source": entry.source,
        }

    def _pass_time(self) -> list[dict[str, Any]]:
        """Lower and expire what has come of age, in order of when it did."""
        intents: list[dict[str, Any]] = []
        while self._due and self._due[0][0] <= self._now_ns:
            _, number, hash_ = heapq.heappop(self._due)
            entry = self._pending.get(hash_)
            if entry is None or entry.number != number:
                continue
            if self._now_ns >= entry.seen_ns + self.settings.max_age_ms * _NS_PER_MS:
                self._end(entry, PendingState.EXPIRED, intents)
                continue
            entry.steps += 1
            self._expect(entry, intents)
            self._schedule(entry)
        return intents

    def _schedule(self, entry: _Pending) -> None:
        expiry = entry.seen_ns + self.settings.max_age_ms * _NS_PER_MS
        due = min(next_step_ns(entry.seen_ns, entry.steps, self.settings.inclusion), expiry)
        heapq.heappush(self._due, (due, entry.number, entry.hash))

    def _compact(self) -> None:
        """Ended transactions leave entries behind; rebuilt before they outnumber the rest."""
        if len(self._due) > 2 * len(self._pending) + 1024:
            self._due = []
            for entry in self._pending.values():
                self._schedule(entry)

    def dump(self) -> dict[str, bytes]:
        """State rows, one under the key ''. Equal states give equal bytes."""
        state = {
            "layout": _LAYOUT,
            "now_ns": self._now_ns,
            "arrival_ns": self._arrival_ns,
            "number": self._number,
            "evicted": self.evicted,
            "ended": list(self._ended),
            "pending": [asdict(entry) for entry in self._pending.values()],
        }
        return {"": json.dumps(state, separators=(",", ":"), ensure_ascii=True).encode()}

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Replace all state by dumped rows.

        Raises
        ------
        ValueError
            The row is missing or of another layout.
        """
        state = json.loads(rows.get("", b"{}"))
        if state.get("layout") != _LAYOUT:
            raise ValueError(f"layout of the pending pool is {state.get('layout')}; it must be {_LAYOUT}")
        self._clear()
        self._now_ns, self._arrival_ns = state["now_ns"], state["arrival_ns"]
        self._number, self.evicted = state["number"], state["evicted"]
        self._ended = dict.fromkeys(state["ended"])
        for row in state["pending"]:
            self._insert(_Pending(**{**row, "legs": [Leg(**leg) for leg in row["legs"]]}))
