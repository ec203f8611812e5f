"""What the edge of the stream passes along: raw records in, decoded rows and refusals out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import Events
from equipoise.schemas.enums import Cause

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One Kafka record, or one message of a recording that stands for it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = -1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that gives no row: dead-lettered or flagged, as its cause says."""

    record: int  # index in the batch
    cause: Cause
    detail: str  # names the field, the value and the bound


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows of one batch, in record order. Every record has at least one row, or exactly one refusal."""

    events: Events
    record: Sequence[int] | NDArray[np.intp]  # for each row, the index of its record in the batch
    refusals: list[Refusal] = field(default_factory=list)


class Decoder(Protocol):
    """Bytes to rows for one topic: canonical Avro or JSON, or a mapping of a cluster's own format."""

    def decode(self, records: Sequence[RawRecord]) -> Decoded:
        """Never raises on content: a record that cannot be read becomes a refusal."""
        ...
