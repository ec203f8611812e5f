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

from equipoise.processors import stamps as kernels
from equipoise.processors.columns import EVENT_DTYPES, NULL, Events, empty_events
from equipoise.schemas.enums import Flag

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
        self._began = NULL  # first stamp of all
        self._gone = [NULL] * len(topics)  # highest stamp of each topic that has left
        self._last: Key = FIRST  # of all that have left

    def push(self, source: int, events: Events, now_s: float = 0.0) -> None:
        """Take whole records of one topic, in the topic's order, at the wall-clock time `now_s`."""
        if not len(events.offset):
            return
        natural = np.empty(len(events.offset), np.int64)
        seen = kernels.fill(natural, events.event_ns, events.arrival_ns, events.offset, self._seen[source])
        if self._began == NULL:
            self._began = int(natural[0])
        last, rank = self._last
        late = int(np.searchsorted(natural, last, "left" if self._ranks[source] >= rank else "right"))
        stamps = natural
        if late:
            flags, stamps = events.flags.copy(), natural.copy()
            flags[:late] |= np.uint32(Flag.MERGE_LATE)
            stamps[:late] = last - 1  # below all that have left: leaves at once
            events = events._replace(flags=flags)
        self._waiting[source].append(_Chunk(events, stamps, natural, now_s))
        self._seen[source] = seen

    def ready(self, ended: Collection[int] = (), before_s: float = -1.0) -> Events:
        """The rows that may leave, in order.

        Args:
            ended: topics known to have nothing further to give at this moment.
            before_s: rows given to us up to this time do not wait for those topics any longer.
        """
        newest = max(self._seen)
        idle = {source for source in ended if newest - self._reached(source) > self._idle_ns}
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

    def _reached(self, source: int) -> int:
        """How far a topic is. One that has brought nothing yet may be about to: it begins where the stream does."""
        seen = self._seen[source]
        return self._began if seen == NULL else seen

    def _limit(self, without: Collection[int]) -> Key:
        """No topic but those left out can bring a row at or below this key (its own rank apart)."""
        keys = [(self._seen[source], rank) for source, rank in enumerate(self._ranks) if source not in without]
        return min(keys, default=LAST)

    def _take(self, limit: Key) -> Events:
        taken: list[_Chunk] = []
        ranks, starts = [], [0]
        for source, rank in enumerate(self._ranks):
            if own := self._take_from(source, limit[0] + (rank <= limit[1])):
                taken += own
                ranks.append(rank)
                starts.append(starts[-1] + sum(len(chunk.stamps) for chunk in own))
                self._last = max(self._last, (int(own[-1].stamps[-1]), rank))
        if not taken:
            return empty_events(0)
        if len(taken) == 1:
            return taken[0].events
        events = Events._make(np.concatenate(column) for column in zip(*(c.events for c in taken), strict=True))
        return (
            events
            if len(ranks) == 1
            else _interleaved(events, np.concatenate([c.stamps for c in taken]), starts, ranks)
        )

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


def _interleaved(events: Events, stamps: NDArray[np.int64], starts: Sequence[int], ranks: Sequence[int]) -> Events:
    """Runs of rows, run s from starts[s] on and of rank ranks[s], as one order."""
    order = np.empty(len(stamps), np.int64)
    at = np.empty(len(ranks), np.int64)
    kernels.interleave(stamps, np.array(starts, np.int64), np.array(ranks, np.int64), at, order)
    merged = Events._make(np.empty(len(stamps), dtype) for dtype in EVENT_DTYPES)
    kernels.gather(events, order, merged)
    return merged
