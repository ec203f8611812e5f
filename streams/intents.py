"""Pending swaps on their way: transactions to SwapIntents (one pool a mempool partition), and those to rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from equipoise.processors.avro import ops
from equipoise.processors.avro.compiler import Layout
from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.processors.pending import PendingPool
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Outcome, Side
from equipoise.schemas.ids import instrument_key
from equipoise.schemas.local import SchemaSource
from equipoise.streams.accounting import Account
from equipoise.streams.merge import Merge
from equipoise.streams.records import Decoded, RawRecord, RecordBatch
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.columnar import Columnar, OwnForm
from equipoise.streams.sources.each import RECORD_MAX_BYTES, EachRecord, need
from equipoise.streams.sources.own import OwnRecords
from equipoise.streams.sources.rows import Rows
from equipoise.streams.task import (
    PARTITION_ROW,
    STATE_VERSION,
    Changes,
    Dead,
    Intent,
    Step,
    pack_partition_row,
    split_partition_row,
)

TRANSACTION: Final = "PendingTransaction"
INTENT: Final = "SwapIntent"
LAYOUT: Final = Layout(
    codec.schema(INTENT),
    {
        "venue": ops.VENUE,
        "symbol": ops.SYMBOL,
        "action": ops.ACTION,
        "side": ops.SIDE,
        "expected": ops.QUANTITY,
        "intent_id": ops.ORDER_ID,
        "event_time_ns": ops.EVENT_TIME_NS,
        "arrival_time_ns": ops.ARRIVAL_TIME_NS,
    },
    {"action": {one.name: one for one in (Action.INTENT, Action.RETRACT)}, "side": Side.__members__},
    {
        ops.PRICE: NULL,
        ops.SEQUENCE: NULL,
        ops.PREVIOUS_SEQUENCE: NULL,
        ops.LAST_IN_EVENT: 1,
        ops.FLAGS: 0,
        ops.TRADING_STATUS: 0,
    },
)


class IntentDecoder(EachRecord):
    """SwapIntent records to INTENT and RETRACT rows of the instrument's task."""

    def __init__(self, instruments: Instruments, schemas: SchemaSource) -> None:
        super().__init__(self._intent)
        self._instruments = instruments
        self._own = OwnRecords(INTENT, schemas)
        form = OwnForm(LAYOUT, instruments)
        self.columnar = Columnar(form, self._own.writer, self.decode, RECORD_MAX_BYTES)

    def decode_batch(self, batch: RecordBatch) -> Decoded:
        """As `decode` of the same records; Avro takes the kernel's way."""
        return self.columnar.decode(batch)

    def _intent(self, record: RawRecord, rows: Rows) -> None:
        found = self._own.read(record)
        venue, symbol = need(found, "venue"), need(found, "symbol")
        rows.instrument = self._instruments.find(venue, symbol)
        if rows.instrument < 0:
            raise RefusedError(Cause.UNKNOWN_INSTRUMENT, f"venue, symbol: {shown(f'{venue}:{symbol}')} is not listed")
        action, side = need(found, "action"), need(found, "side")
        if action not in (Action.INTENT.name, Action.RETRACT.name) or side not in (Side.BID.name, Side.ASK.name):
            raise RefusedError(Cause.UNKNOWN_WORD, f"action, side: {shown(action)}, {shown(side)}, no intent has them")
        rows.event_ns = bounds.time_ns(bounds.whole(need(found, "event_time_ns"), "event_time_ns"), "event_time_ns")
        arrival = found.get("arrival_time_ns")
        rows.arrival_ns = NULL if arrival is None else bounds.whole(arrival, "arrival_time_ns")
        lots = bounds.quantity(bounds.whole(need(found, "expected"), "expected"), "expected")
        identity = bounds.whole(need(found, "intent_id"), "intent_id")
        rows.row(Action[action], Side[side], NULL, lots, identity, Flag.LAST)


class MempoolTask:
    """One partition of the mempool topic: what `Task` is for orders, with a pool in place of an engine."""

    watermark_ns = 0  # a mempool has no windows

    def __init__(self, topic: str, pool: PendingPool, schemas: SchemaSource, max_bytes: int = RECORD_MAX_BYTES) -> None:
        self.topics = [topic]
        self.merge = Merge([topic])  # never holds anything: there is one topic
        self._pool = pool
        self._own = OwnRecords(TRANSACTION, schemas)
        self._max_bytes = max_bytes
        self._position = 0
        self._account = Account()

    def feed(self, records: Sequence[RawRecord], now_s: float = 0.0) -> Step:
        """Take records in order of offset; those taken before are skipped."""
        del now_s
        step = Step()
        for record in records:
            if record.offset >= self._position:
                self._one(record, step)
                self._position = record.offset + 1
        return step

    def feed_batch(self, batch: RecordBatch, now_s: float = 0.0) -> Step:
        """As `feed` of the same records."""
        if batch.refusal and batch.offset[0] >= self._position:
            self._account.read += 1
            self._account.book(Outcome.DEAD, Cause.DAMAGED_BATCH)
            letter = Dead(batch.topic, int(batch.offset[0]), batch.record(0), Cause.DAMAGED_BATCH, batch.refusal)
            step = Step(dead=[letter])
        else:
            step = self.feed([batch.record(i) for i in range(len(batch))], now_s)
        self._position = max(self._position, batch.next_offset)
        return step

    def release(self, ended: Sequence[int] = (), before_s: float = -1.0) -> Step:
        """Nothing waits here."""
        del ended, before_s
        return Step()

    def position(self, topic: str) -> int:
        """The next offset to be read."""
        del topic
        return self._position

    def settled(self) -> dict[str, int]:
        """The next offset to be read, by topic."""
        return {self.topics[0]: self._position}

    def start_at(self, offsets: Mapping[str, int]) -> None:
        """Begin at this offset."""
        self._position = offsets[self.topics[0]]

    def accounts(self) -> dict[str, dict[str, Any]]:
        """As `Task.accounts`."""
        self._account.check(0)
        return {self.topics[0]: self._account.as_dict()}

    def dump(self) -> dict[str, bytes]:
        """One state row."""
        return {PARTITION_ROW: self.changes().partition}

    def changes(self, since: int = 0) -> Changes:
        """One state row."""
        head = {
            "version": STATE_VERSION,
            "topics": self.topics,
            "offsets": [self._position],
            "accounts": [self._account.as_dict()],
        }
        return Changes(since, pack_partition_row(head, self._pool.dump()[""]), ())

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Continue from `dump`. Raises ValueError where it is of another version."""
        head, rest = split_partition_row(rows[PARTITION_ROW])
        self._pool.load({"": rest})
        self._position = head["offsets"][0]
        self._account = Account.from_dict(head["accounts"][0])

    def _one(self, record: RawRecord, step: Step) -> None:
        self._account.read += 1
        try:
            done = self._pool.step(self._read(record))
            outcome, cause, detail, intents = done
        except RefusedError as why:
            outcome, cause, detail, intents = Outcome.DEAD, why.cause, why.detail, []
            if cause is Cause.NOT_AN_EVENT:
                outcome = Outcome.FLAGGED
        self._account.book(outcome, cause)
        if outcome is Outcome.DEAD:
            step.dead.append(Dead(record.topic, record.offset, record, cause, detail))
        for intent in intents:
            key = instrument_key(intent["venue"], intent["symbol"])
            step.intents.append(Intent(key, codec.encode(INTENT, intent), record.offset))

    def _read(self, record: RawRecord) -> dict[str, Any]:
        if record.value is not None and len(record.value) > self._max_bytes:
            raise RefusedError(Cause.TOO_LARGE, f"value: {len(record.value)} bytes, must be <= {self._max_bytes}")
        return self._own.read(record)
