"""Several topics of the same instruments become one order of rows (SEMANTICS: Time).

Each topic's rows keep their own order. Between topics the order is (stamp, topic name), where a row's
stamp is its arrival stamp, never less than that of the row before it in its topic. That makes the
result a function of the topics' contents alone: how they were fetched, cut into batches or restarted
does not matter, because a row leaves only once no topic can still bring an earlier one.

A topic that has reached its end could still bring one, but nobody knows when. It is waited for by the
wall clock, which the caller holds (`ready`). What comes after later rows have left is marked
`Flag.MERGE_LATE` and leaves at once; then, and only then, live and offline differ, and the signal says so.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events, empty_events
from equipoise.schemas.enums import Flag

MIN_STAMP_NS: Final = 631_152_000_000_000_000  # 1990-01-01; what is outside is no stamp
MAX_STAMP_NS: Final = 4_102_444_800_000_000_000  # 2100-01-01
MAX_STAMP_AHEAD_NS: Final = 60_000_000_000  # of the event: one absurd arrival stamp holds its topic no longer
NEVER: Final = np.iinfo(np.int64).max

Key = tuple[int, int]  # stamp, rank of the topic's name
FIRST: Final[Key] = (NULL, -1)
LAST: Final[Key] = (NEVER - 1, NEVER)


@dataclass(slots=True)
class _Chunk:
    """Rows of one topic that wait, with their stamps (ascending) and when they were given to us."""

    events: Events
    stamps: NDArray[np.int64]
    natural: NDArray[np.int64]  # the same before late rows were raised to leave at once
    since_s: float


class Merge:
    """The rows that wait, by topic. `topics[i]` is what `Events.source == i` stands for."""

    def __init__(self, topics: Sequence[str], idle_ns: int = 5_000_000_000) -> None:
        self._ranks = [sorted(topics).index(topic) for topic in topics]
        self._idle_ns = idle_ns
        self._waiting: list[deque[_Chunk]] = [deque() for _ in topics]
        self._seen = [NULL] * len(topics)  # highest stamp of each topic
        self._gone = [NULL] * len(topics)  # highest stamp of each topic that has left
        self._last: Key = FIRST  # of all that have left

    def push(self, source: int, events: Events, now_s: float = 0.0) -> None:
        """Take whole records of one topic, in the topic's order, at the wall-clock time `now_s`."""
        if not len(events.offset):
            return
        natural = _stamps(events, self._seen[source])
        last, rank = self._last
        late = natural < last if self._ranks[source] >= rank else natural <= last
        stamps = natural
        if late.any():
            events = events._replace(flags=np.where(late, events.flags | np.uint32(Flag.MERGE_LATE), events.flags))
            stamps = np.where(late, last - 1, natural)  # below all that have left: leaves at once
        self._waiting[source].append(_Chunk(events, stamps, natural, now_s))
        self._seen[source] = int(natural[-1])

    def ready(self, ended: Collection[int] = (), before_s: float = -1.0) -> Events:
        """The rows that may leave, in order.

        Args:
            ended: topics known to have nothing further to give at this moment.
            before_s: rows given to us up to this time do not wait for those topics any longer.
        """
        newest = max(self._seen)
        idle = {source for source in ended if newest - self._seen[source] > self._idle_ns}
        limit = self._limit(without=idle)
        if waited := [chunk for queue in self._waiting for chunk in queue if chunk.since_s <= before_s]:
            reached = max(int(chunk.stamps[-1]) for chunk in waited)
            limit = max(limit, min((reached, len(self._ranks)), self._limit(without=set(ended))))
        return self._take(max(limit, self._last))

    def flush(self) -> Events:
        """All that waits: the input is over."""
        return self._take(LAST)

    def oldest_s(self) -> float | None:
        """When the row that has waited longest was given to us; None: nothing waits."""
        return min((queue[0].since_s for queue in self._waiting if queue), default=None)

    def first_offset(self, source: int) -> int | None:
        """Offset of the first record of a topic that waits; None: none does."""
        queue = self._waiting[source]
        return int(queue[0].events.offset[0]) if queue else None

    def rows(self, source: int) -> int:
        """How many rows of a topic wait."""
        return sum(len(chunk.stamps) for chunk in self._waiting[source])

    def dump(self) -> tuple[list[int], Key]:
        """What a merge that is given the waiting records again needs to put them in the same order."""
        return list(self._gone), self._last

    def load(self, gone: Sequence[int], last: Key) -> None:
        """Continue where `dump` was; topics beyond those dumped are new."""
        self._gone = [*gone, *[NULL] * (len(self._ranks) - len(gone))]
        self._seen = list(self._gone)
        self._last = (last[0], last[1])

    def _limit(self, without: Collection[int]) -> Key:
        """No topic but those left out can bring a row at or below this key (its own rank apart)."""
        keys = [(self._seen[source], rank) for source, rank in enumerate(self._ranks) if source not in without]
        return min(keys, default=LAST)

    def _take(self, limit: Key) -> Events:
        taken: list[_Chunk] = []
        ranks: list[NDArray[np.int64]] = []
        for source, rank in enumerate(self._ranks):
            for chunk in self._take_from(source, limit[0] + (rank <= limit[1])):
                taken.append(chunk)
                ranks.append(np.full(len(chunk.stamps), rank, np.int64))
        if not taken:
            return empty_events(0)
        stamps, rank_of = np.concatenate([chunk.stamps for chunk in taken]), np.concatenate(ranks)
        order = np.lexsort((rank_of, stamps))
        self._last = max(self._last, (int(stamps[order[-1]]), int(rank_of[order[-1]])))
        if len(taken) == 1:
            return taken[0].events
        columns = zip(*(chunk.events for chunk in taken), strict=True)
        return Events._make(np.concatenate(column)[order] for column in columns)

    def _take_from(self, source: int, below: int) -> list[_Chunk]:
        queue, taken = self._waiting[source], []
        while queue:
            chunk = queue[0]
            cut = int(np.searchsorted(chunk.stamps, below))
            if cut == 0:
                break
            part = queue.popleft() if cut == len(chunk.stamps) else _cut(chunk, cut)
            self._gone[source] = int(part.natural[-1])
            taken.append(part)
        return taken


def _cut(chunk: _Chunk, rows: int) -> _Chunk:
    """Take the first rows off a chunk that stays in its queue."""
    first = Events._make(column[:rows] for column in chunk.events)
    part = _Chunk(first, chunk.stamps[:rows], chunk.natural[:rows], chunk.since_s)
    chunk.events = Events._make(column[rows:] for column in chunk.events)
    chunk.stamps, chunk.natural = chunk.stamps[rows:], chunk.natural[rows:]
    return part


def _stamps(events: Events, floor: int) -> NDArray[np.int64]:
    """Ascending stamps: arrival, else event time, else that of the row before. One record, one stamp."""
    event = np.where(_is_stamp(events.event_ns), events.event_ns, NULL)
    arrival = np.where(_is_stamp(events.arrival_ns), events.arrival_ns, event)
    ahead = np.where(event == NULL, NEVER, np.maximum(event, MIN_STAMP_NS) + MAX_STAMP_AHEAD_NS)
    stamps = np.minimum(arrival, ahead)
    first = np.flatnonzero(np.diff(events.offset, prepend=events.offset[0] - 1))
    lengths = np.diff(first, append=len(stamps))
    ascending: NDArray[np.int64] = np.repeat(np.maximum.accumulate(np.maximum(stamps[first], floor)), lengths)
    return ascending


def _is_stamp(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (times >= MIN_STAMP_NS) & (times < MAX_STAMP_NS)
