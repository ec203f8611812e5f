"""One partition of the mempool topic: PendingTransaction records in, SwapIntent records out, accounted for.

The same life as `task.Task` gives order records, with a `PendingPool` in the engine's place: no clock, no I/O,
and what it gives does not depend on how the records were batched. Nothing waits here, so every record that was
fed is settled.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from equipoise.processors.instruments import Instruments
from equipoise.processors.pending import PendingPool, PendingSettings
from equipoise.schemas import codec
from equipoise.schemas.enums import Cause, Outcome
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.streams.accounting import Account, outcome_of
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.bounds import RefusedError
from equipoise.streams.sources.each import RECORD_MAX_BYTES
from equipoise.streams.sources.intents import NAME as INTENT
from equipoise.streams.sources.intents import read_record
from equipoise.streams.task import PARTITION_ROW, STATE_VERSION, Dead, split_partition_row

NAME: Final = "PendingTransaction"


@dataclass(frozen=True, slots=True)
class Intent:
    """A SwapIntent to be published, and the record that caused it."""

    key: str  # VENUE:SYMBOL
    body: bytes  # Avro, without a frame
    offset: int


@dataclass(frozen=True, slots=True)
class MempoolStep:
    """What one call gave, in order."""

    intents: list[Intent] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)


class MempoolTask:
    """The whole life of the records of one mempool partition."""

    def __init__(
        self,
        topic: str,
        instruments: Instruments,
        settings: PendingSettings | None = None,
        schemas: SchemaSource | None = None,
        max_bytes: int = RECORD_MAX_BYTES,
    ) -> None:
        self.topic = topic
        self.pool = PendingPool(instruments, settings)
        self._schemas = schemas or BuiltIn()
        self._max_bytes = max_bytes
        self._position = 0
        self._account = Account()

    def feed(self, records: Sequence[RawRecord]) -> MempoolStep:
        """Take records in order of offset; those taken before are skipped."""
        step = MempoolStep()
        for record in records:
            if record.offset >= self._position:
                self._position = record.offset + 1
                self._account.read += 1
                cause, detail = self._one(record, step.intents)
                outcome = outcome_of(cause) if cause else Outcome.USED
                self._account.book(outcome, cause)
                if outcome is Outcome.DEAD:
                    step.dead.append(Dead(self.topic, record.offset, record, cause, detail))
        return step

    def position(self) -> int:
        """The next offset to be read; every record below it has its outcome."""
        return self._position

    def settled(self) -> dict[str, int]:
        """By topic, what a commit may say."""
        return {self.topic: self._position}

    def start_at(self, offset: int) -> None:
        """Begin at this offset: lower ones are skipped."""
        self._position = offset

    def accounts(self) -> dict[str, dict[str, Any]]:
        """By topic: records in, used, late, flagged, dead-lettered, and causes.

        Raises:
            AssertionError: they do not add up.
        """
        self._account.check(0)
        return {self.topic: self._account.as_dict()}

    def dump(self) -> dict[str, bytes]:
        """One state row, under `PARTITION_ROW`, laid out as a task's."""
        header = {
            "version": STATE_VERSION,
            "topics": [self.topic],
            "offsets": [self._position],
            "accounts": [self._account.as_dict()],
        }
        head = json.dumps(header, separators=(",", ":")).encode()
        return {PARTITION_ROW: len(head).to_bytes(4, "big") + head + self.pool.dump()[PARTITION_ROW]}

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Continue from `dump`.

        Raises:
            ValueError: the state is of another version, layout or topic.
        """
        header, rest = split_partition_row(rows[PARTITION_ROW])
        if header["topics"] != [self.topic]:
            raise ValueError(f"state is of topics {header['topics']}, this task's is {self.topic}")
        self.pool.load({PARTITION_ROW: rest})
        self._position = header["offsets"][0]
        self._account = Account.from_dict(header["accounts"][0])

    def _one(self, record: RawRecord, intents: list[Intent]) -> tuple[Cause, str]:
        """Step the pool with one record; its cause, NONE where it was used."""
        try:
            found = self._read(record)
        except RefusedError as refused:
            return refused.cause, refused.detail
        done = self.pool.step(found)
        for intent in done.intents:
            key = f"{intent['venue']}:{intent['symbol']}"
            intents.append(Intent(key, codec.encode(INTENT, intent), record.offset))
        return done.cause, done.detail

    def _read(self, record: RawRecord) -> dict[str, Any]:
        if record.value is None:
            raise RefusedError(Cause.NOT_AN_EVENT, "value: null (a tombstone)")
        if len(record.value) > self._max_bytes:
            raise RefusedError(Cause.TOO_LARGE, f"value: {len(record.value)} bytes, must be <= {self._max_bytes}")
        return read_record(record, self._schemas, NAME)
