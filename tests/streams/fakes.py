"""A tiny engine, a tiny decoder and rows by hand."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from equipoise.processors.columns import (
    COMPONENT_DTYPE,
    MEASURE_DTYPE,
    N_COMPONENTS,
    SIGNAL_DTYPE,
    WINDOW_DTYPE,
    Events,
    Outputs,
    empty_events,
)
from equipoise.schemas.enums import Cause, Flag, Outcome
from equipoise.streams.records import Decoded, RawRecord, Refusal

T0 = 1_700_000_000_000_000_000
MS = 1_000_000


class FakeEngine:
    """Remembers the rows it was given, gives one signal a row, and refuses prices below 0."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def watermark_ns(self) -> int:
        return 0

    def step(self, events: Events) -> Outputs:
        n = len(events.offset)
        signals = np.zeros(n, SIGNAL_DTYPE)
        for row in range(n):
            self.seen.append((int(events.source[row]), int(events.offset[row])))
            signals[row]["ordinal"] = len(self.seen)
        signals["source"], signals["offset"], signals["emits"] = events.source, events.offset, 3
        signals["as_of_ns"], signals["instrument"] = events.event_ns, events.instrument
        bad = events.price < 0
        outcome = np.where(bad, Outcome.DEAD, Outcome.USED).astype(np.uint8)
        cause = np.where(bad, Cause.PRICE_RANGE, Cause.NONE).astype(np.uint8)
        return Outputs(signals, np.zeros((n, N_COMPONENTS), COMPONENT_DTYPE), np.zeros(0, WINDOW_DTYPE),
                       np.zeros((0, 0), MEASURE_DTYPE), outcome, cause)  # fmt: skip

    def counters(self) -> dict[str, int]:
        return {}

    def snapshot(self, since: int = 0) -> "FakeSnapshot":
        del since
        return FakeSnapshot(list(self.seen))

    def load(self, rows: Mapping[str, bytes]) -> None:
        self.seen = [(source, offset) for source, offset in json.loads(rows[""])]


class FakeSnapshot:
    """Everything a FakeEngine remembers."""

    mark = 1

    def __init__(self, seen: list[tuple[int, int]]) -> None:
        self.partition = json.dumps(seen).encode()
        self._count = len(seen)

    def rows(self) -> list[tuple[str, bytes]]:
        return [("X:Y", str(self._count).encode())]


class FakeDecoder:
    """`rows:price:stamp_ms` gives that many rows; `bad` is refused; `skip` is recognised and not used."""

    def decode(self, records: Sequence[RawRecord]) -> Decoded:
        rows: list[tuple[int, int, int, bool]] = []
        refusals = []
        for index, record in enumerate(records):
            word = (record.value or b"bad").decode()
            if word == "bad":
                refusals.append(Refusal(index, Cause.TRUNCATED, "value: 0 bytes, must be more"))
            elif word == "skip":
                refusals.append(Refusal(index, Cause.NOT_AN_EVENT, "type: ping"))
            else:
                count, price, stamp = map(int, word.split(":"))
                rows += [(index, price, stamp, at == count - 1) for at in range(count)]
        events = empty_events(len(rows))
        events.price[:] = [price for _, price, _, _ in rows]
        events.flags[:] = [Flag.LAST * last for _, _, _, last in rows]
        events.arrival_ns[:] = events.event_ns[:] = [T0 + stamp * MS for _, _, stamp, _ in rows]
        return Decoded(events, [index for index, _, _, _ in rows], refusals)


def record(topic: str, offset: int, word: str) -> RawRecord:
    return RawRecord(topic, 0, offset, b"X:Y", word.encode())


def rows(stamps_ms: Sequence[int], offsets: Sequence[int] | None = None) -> Events:
    events = empty_events(len(stamps_ms))
    events.arrival_ns[:] = events.event_ns[:] = [T0 + stamp * MS for stamp in stamps_ms]
    events.offset[:] = range(len(stamps_ms)) if offsets is None else offsets
    return events
