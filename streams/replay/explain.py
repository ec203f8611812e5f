"""One published signal beside its recomputation, from Kafka or from a backtest's folder and its recording."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from equipoise.processors.settings import EngineSettings
from equipoise.schemas import codec
from equipoise.streams.replay.backtest import make_task
from equipoise.streams.replay.publications import OUTPUTS
from equipoise.streams.replay.source import Opened
from equipoise.streams.replay.trail import Recomputed, SignalId, Trail

SOURCE_FIELDS: Final = ("source_topic", "source_offset")


class ExplainError(LookupError):
    """A signal cannot be found, or nothing is left to recompute it from. The message says which."""


class Found(NamedTuple):
    """One published record with the id asked for."""

    schema: str
    revision: int
    body: bytes
    topic: str  # of the source record that caused it
    partition: int
    offset: int
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Range:
    """What was read again of one source topic."""

    topic: str
    partition: int
    first: int
    oldest: int  # oldest record that the source still has
    newest: int  # newest record that it has

    @property
    def gone(self) -> int:
        """How many records from `first` on are lost."""
        return max(0, self.oldest - self.first)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say of a signal."""

    wanted: SignalId
    published: list[Found]
    recomputed: Recomputed
    ranges: list[Range] = field(default_factory=list)
    topics: Sequence[str] = ()  # what `Shown.source` counts in

    @property
    def same(self) -> bool:
        """Whether every published record came again with the very same bytes."""
        bodies = self.recomputed.bodies
        return bool(self.published) and all(
            bodies.get((one.schema, one.revision)) == one.body for one in self.published
        )

    @property
    def latest(self) -> Found:
        """The last revision, a spread signal where there is one."""
        order = {"SpreadSignal": 2, "FeeSignal": 1}
        return max(self.published, key=lambda one: (one.revision, order.get(one.schema, 0)))


def differences(one: Found, body: bytes) -> dict[str, tuple[Any, Any]]:
    """Fields that differ: name -> (published, recomputed)."""
    again = codec.decode(one.schema, body)
    return {name: (value, again[name]) for name, value in one.record.items() if value != again[name]}


def in_folder(folder: Path, signal_id: str) -> list[Found]:
    """The records of a backtest with this id; their bytes are encoded again from the Parquet rows.

    Raises:
        ExplainError: the folder has no such signal, or is no backtest's.
    """
    found = []
    for schema, name in OUTPUTS.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise ExplainError(f"{path}: no such file; is {folder} the --out of a backtest?")
        table = pq.read_table(path, filters=pc.field("id") == signal_id)
        for row in table.to_pylist():
            topic, offset = (row.pop(name) for name in SOURCE_FIELDS)
            body = codec.encode(schema, row)
            found.append(Found(schema, row["revision"], body, topic, 0, offset, codec.decode(schema, body)))
    if not found:
        raise ExplainError(f"{folder}: no signal {signal_id}")
    return sorted(found, key=lambda one: (one.revision, one.schema))


def from_recording(
    opened: Opened,
    settings: EngineSettings,
    signal_id: str,
    published: list[Found],
    keep: int,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Run the recording until the signal comes again.

    Raises:
        SignalIdError: the text is no id.
        RecordingError: the recording is damaged.
    """
    wanted = SignalId.parse(signal_id)
    trail = Trail(wanted, opened.instruments, keep, settings.time.window_ns)
    task = make_task(opened, settings, [trail])
    for feeds in opened.chunks():
        for topic, decoded, numbers in feeds:
            task.feed_rows(topic, decoded, numbers)
        if progress:
            progress(opened.recording.bytes_read, opened.recording.bytes_total)
        if trail.done:
            break
    task.flush()
    ranges = [Range(topic, 0, 0, 0, task.position(topic) - 1) for topic in opened.topics]
    return Explanation(wanted, published, trail.found, ranges, opened.topics)


def as_json(explanation: Explanation) -> Iterator[str]:
    """The published records, one JSON object a line, with digests of both byte strings."""
    for one in explanation.published:
        again = explanation.recomputed.bodies.get((one.schema, one.revision))
        yield json.dumps(
            {
                "record": one.schema,
                "published": one.record,
                "published_bytes": one.body.hex(),
                "recomputed_bytes": None if again is None else again.hex(),
                "same": again == one.body,
                "source": {"topic": one.topic, "partition": one.partition, "offset": one.offset},
            },
            ensure_ascii=False,
        )
