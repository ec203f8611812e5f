"""One partition number across the co-partitioned input topics: decode, merge, step, account.

The live worker feeds a task with Kafka records, a backtest with the rows of a recording; nothing else
differs, which is why both give the same signals. A task has no clock and no I/O.

Not guaranteed here: that outputs arrive, or that anything is committed. Whoever feeds the task
publishes each `Step` first and stores `dump` afterwards (streams/checkpoint.py).
"""

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import Events, Outputs
from equipoise.schemas.enums import Cause, Outcome
from equipoise.streams.accounting import Account, add_up, outcome_of
from equipoise.streams.engine_like import EngineLike
from equipoise.streams.kept import Kept
from equipoise.streams.merge import Merge
from equipoise.streams.records import Decoded, Decoder, RawRecord, RecordBatch, decode_batch

Claim = Callable[[str, Sequence[int]], None]
Offsets = NDArray[np.int64]
PARTITION_ROW: Final = ""  # key of the state row that belongs to the partition and not to one instrument
STATE_VERSION: Final = 1


class Changes(NamedTuple):
    """State rows as of one moment."""

    mark: int  # what to ask for the next time, once these are safe
    partition: bytes  # the partition's row
    rows: Iterable[tuple[str, bytes]]  # instruments that changed; made as they are asked for, once


@dataclass(frozen=True, slots=True)
class Dead:
    """A record for the dead-letter topic. `record` is None where the task was fed rows instead of bytes."""

    topic: str
    offset: int
    record: RawRecord | None
    cause: Cause
    detail: str


class Intent(NamedTuple):
    """A SwapIntent to be published: its instrument's key, its Avro body, and the record that caused it."""

    key: str
    body: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one call gave: engine outputs in order, records to dead-letter, and (from a mempool) intents."""

    outputs: Outputs | None = None
    dead: list[Dead] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)


@dataclass(slots=True)
class _Source:
    """One topic's records on their way: read, but not settled."""

    topic: str
    position: int = 0  # offset after the last record taken; lower ones are repetitions
    account: Account = field(default_factory=Account)
    raw: Kept = field(default_factory=Kept)
    refused: deque[tuple[int, Cause, str]] = field(default_factory=deque)  # offset, cause, detail
    waiting: int = 0  # records
    claimed: NDArray[np.bool_] = field(default_factory=lambda: np.ones(1, np.bool_))  # by instrument; last: unknown


class Task:
    """The whole life of the records of one partition number."""

    def __init__(
        self,
        topics: Sequence[str],
        engine: EngineLike,
        decoders: Mapping[str, Decoder] | None = None,
        *,
        stamped: bool = True,
        idle_ns: int = 5_000_000_000,
        claim: Claim | None = None,
    ) -> None:
        """Task over `topics`, in the order of `Events.source`; their names, not this order, break ties.

        Args:
            topics: the input topics that this partition number exists in.
            engine: fresh, made for `len(topics)` sources.
            decoders: one a topic; not needed by `feed_rows`.
            stamped: merge by stamp; False: as delivered, without waiting and without replay identity.
            idle_ns: a topic at its end and this far behind the newest stamp is not waited for.
            claim: is told which instruments (indices, ascending) are new on which topic, and may refuse them.
        """
        self._engine = engine
        self._decoders = decoders or {}
        self._sources = [_Source(topic) for topic in topics]
        self._index = {topic: index for index, topic in enumerate(topics)}
        self._claim = claim
        self._stamped = stamped and len(topics) > 1
        self.merge = Merge(topics, idle_ns)

    @property
    def watermark_ns(self) -> int:
        """In event time; below 0 before the first record."""
        return self._engine.watermark_ns()

    @property
    def topics(self) -> list[str]:
        """Topic of each `source` in rows and outputs."""
        return [source.topic for source in self._sources]

    def feed(self, records: Sequence[RawRecord], now_s: float = 0.0) -> Step:
        """Take records, each topic's in order of offset; those taken before are skipped.

        Raises:
            RegistryError: a schema cannot be asked for now. Give all the records again later.
        """
        for topic, run in groupby(records, key=lambda record: record.topic):
            source = self._sources[self._index[topic]]
            fresh = [record for record in run if record.offset >= source.position]
            if fresh:
                decoded = self._decoders[topic].decode(fresh)
                source.raw.add(fresh)
                self._take(topic, decoded, [record.offset for record in fresh], now_s)
        return self.release()

    def feed_batch(self, batch: RecordBatch, now_s: float = 0.0) -> Step:
        """As `feed` of the same records, without an object for each; goes on at the batch's `next_offset`.

        Raises:
            RegistryError: a schema cannot be asked for now. Give the batch again later.
        """
        source = self._sources[self._index[batch.topic]]
        fresh = batch.after(source.position)
        if len(fresh):
            decoded = decode_batch(self._decoders[batch.topic], fresh)
            source.raw.add(fresh)
            self._take(batch.topic, decoded, fresh.offset, now_s)
        source.position = max(source.position, batch.next_offset)
        return self.release()

    def feed_rows(self, topic: str, decoded: Decoded, offsets: Sequence[int], now_s: float = 0.0) -> Step:
        """Take records that are decoded already; `offsets[i]` is that of record `i`, ascending."""
        self._take(topic, decoded, offsets, now_s)
        return self.release()

    def release(self, ended: Collection[int] = (), before_s: float = -1.0) -> Step:
        """Step with whatever need not wait any longer (see `Merge.ready`)."""
        return self._step(self.merge.ready(ended, before_s) if self._stamped else self.merge.flush())

    def flush(self) -> Step:
        """The input is over: step with all that waits."""
        return self._step(self.merge.flush())

    def position(self, topic: str) -> int:
        """The next offset to be read."""
        return self._sources[self._index[topic]].position

    def settled(self) -> dict[str, int]:
        """By topic: every record below this offset has its outcome and its outputs; what a commit may say."""
        return {source.topic: self._settled(index) for index, source in enumerate(self._sources)}

    def start_at(self, offsets: Mapping[str, int]) -> None:
        """Begin at these offsets: lower ones are skipped."""
        for topic, offset in offsets.items():
            self._sources[self._index[topic]].position = offset

    def counters(self) -> dict[str, int]:
        """What memory is used for, by name: the engine's counters, and the rows that wait in the merge."""
        waiting = sum(self.merge.rows(index) for index in range(len(self._sources)))
        return {**self._engine.counters(), "waiting_rows": waiting}

    def accounts(self) -> dict[str, dict[str, Any]]:
        """By topic: records in, used, late, flagged, dead-lettered, and causes.

        Raises:
            AssertionError: they do not add up.
        """
        for source in self._sources:
            source.account.check(source.waiting)
        return {source.topic: source.account.as_dict() for source in self._sources}

    def dump(self) -> dict[str, bytes]:
        """All state rows as of `settled`: one an instrument, and the partition's under `PARTITION_ROW`."""
        changes = self.changes()
        return {PARTITION_ROW: changes.partition, **dict(changes.rows)}

    def changes(self, since: int = 0) -> Changes:
        """State rows as of `settled` of what changed after the mark `since`, 0: of everything."""
        taken = self._engine.snapshot(since)
        gone, last = self.merge.dump()
        accounts = [source.account.as_dict() for source in self._sources]
        for source, account in zip(self._sources, accounts, strict=True):
            account["in"] -= source.waiting  # those will be read again
        header = {
            "version": STATE_VERSION,
            "topics": self.topics,
            "offsets": list(self.settled().values()),
            "accounts": accounts,
            "gone": gone,
            "last": list(last),
        }
        return Changes(taken.mark, pack_partition_row(header, taken.partition), taken.rows())

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Continue from `dump`; feed it what follows `settled`, or more.

        Raises:
            ValueError: the state is of another version, or of other topics than this task's first ones.
        """
        header, rest = split_partition_row(rows[PARTITION_ROW])
        known = header["topics"]
        if self.topics[: len(known)] != known:
            raise ValueError(f"state is of topics {known}, this task's are {self.topics}")
        self._engine.load({**rows, PARTITION_ROW: rest})
        self.merge.load(header["gone"], (header["last"][0], header["last"][1]))
        for source, offset, counts in zip(self._sources, header["offsets"], header["accounts"], strict=False):
            source.position = offset
            source.account = Account.from_dict(counts)

    def _take(self, topic: str, decoded: Decoded, offsets: Sequence[int] | Offsets, now_s: float) -> None:
        index = self._index[topic]
        source = self._sources[index]
        self._claim_new(source, decoded.events)
        places = np.asarray(offsets, np.int64)
        for refusal in decoded.refusals:
            source.refused.append((int(places[refusal.record]), refusal.cause, refusal.detail))
        source.account.read += len(places)
        source.waiting += len(places)
        source.position = int(places[-1]) + 1
        rows = len(decoded.events.offset)
        one_each = rows == len(places) and not decoded.refusals
        events = decoded.events._replace(
            source=np.full(rows, index, np.int16),
            offset=places if one_each else places[np.asarray(decoded.record, np.intp)],
        )
        self.merge.push(index, events, now_s)

    def _claim_new(self, source: _Source, events: Events) -> None:
        """Tell of the instruments that this topic has not brought before."""
        indices = events.instrument
        if self._claim is None or not len(indices):
            return
        if (top := int(indices.max())) >= len(source.claimed) - 1:
            source.claimed = np.append(source.claimed[:-1], np.zeros(2 * top + 2, np.bool_))
            source.claimed[-1] = True
        if not (taken := source.claimed[indices]).all():
            new = np.unique(indices[~taken])
            self._claim(source.topic, new.tolist())
            source.claimed[new] = True

    def _step(self, events: Events) -> Step:
        outputs = self._engine.step(events) if len(events.offset) else None
        dead = self._settle(events, outputs) if outputs is not None else {}
        letters = []
        for index, source in enumerate(self._sources):
            if source.raw or source.refused or index in dead:
                letters += self._clear(index, source, dead.get(index, {}))
        return Step(outputs, letters)

    def _settle(self, events: Events, outputs: Outputs) -> dict[int, dict[int, Cause]]:
        """Book the outcome of every record that left; returns those the engine refused, by source and offset."""
        tally = add_up(events, outputs.outcome, outputs.cause, len(self._sources))
        for index, outcome, cause, count in tally.counts:
            self._sources[index].account.book(outcome, cause, count)
            self._sources[index].waiting -= count
        dead: dict[int, dict[int, Cause]] = {}
        for row, cause in tally.dead:
            dead.setdefault(int(events.source[row]), {})[int(events.offset[row])] = Cause(cause)
        return dead

    def _clear(self, index: int, source: _Source, dead: dict[int, Cause]) -> list[Dead]:
        """Settle refusals whose turn has come, and let go of the raw records of all that is settled."""
        end = self._settled(index)
        reasons = {offset: (cause, "") for offset, cause in dead.items()}
        while source.refused and source.refused[0][0] < end:
            offset, cause, detail = source.refused.popleft()
            outcome = outcome_of(cause)
            source.account.book(outcome, cause)
            source.waiting -= 1
            if outcome is Outcome.DEAD:
                reasons[offset] = (cause, detail)
        letters = [Dead(source.topic, offset, source.raw.find(offset), *reasons[offset]) for offset in sorted(reasons)]
        source.raw.drop_below(end)
        return letters

    def _settled(self, index: int) -> int:
        first = self.merge.first_offset(index)
        return self._sources[index].position if first is None else first


def pack_partition_row(header: dict[str, Any], rest: bytes) -> bytes:
    """The task's part of the partition's row, and behind it the engine's."""
    head = json.dumps(header, separators=(",", ":")).encode()
    return len(head).to_bytes(4, "big") + head + rest


def split_partition_row(row: bytes) -> tuple[dict[str, Any], bytes]:
    """The task's part (versioned, with topics and offsets) and the engine's part of the partition's row.

    Raises:
        ValueError: the row is of another version.
    """
    length = int.from_bytes(row[:4], "big")
    header: dict[str, Any] = json.loads(row[4 : 4 + length])
    if header.get("version") != STATE_VERSION:
        raise ValueError(f"state version {header.get('version')}: this program reads {STATE_VERSION}")
    return header, row[4 + length :]
