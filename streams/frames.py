"""What goes with every payload of a schema, and with all that one partition publishes of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from equipoise.processors.produce import AT, HEADER, NAME, Templates
from equipoise.schemas.headers import SOURCE_OFFSET, Headers
from equipoise.streams.blocks import Pack, rows_at

Told = tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]]


class Frame(NamedTuple):
    """Of a schema: its id, before a payload or in a header; and where its records go."""

    prefix: bytes
    headers: Headers
    topic: str = ""


class Common(NamedTuple):
    """What the records of some schemas have in common, as `lay_out` takes it."""

    told: Told  # from what it was made
    topics: tuple[str, ...]
    templates: Templates
    longest_prefix: int
    kept: object  # what the addresses point into


def common(told: Told, fronts: Sequence[Headers], frames: Sequence[Frame]) -> Common:
    """Templates of the headers of each source (`fronts`) and schema (`frames`).

    The front's header of the offset is filled in by record.
    """
    pack = Pack()
    prefixes = [pack.put(frame.prefix) for frame in frames]
    rows = [
        [[(pack.name(name), *pack.put(value)) for name, value in (*front, *frame.headers)] for frame in frames]
        for front in fronts
    ]
    counts = np.array([[len(headers) for headers in kinds] for kinds in rows], np.int64)
    data, most = pack.joined(), int(counts.max())
    shaped = np.zeros((*counts.shape, most, HEADER), np.int64)
    for source, kinds in enumerate(rows):
        for kind, headers in enumerate(kinds):
            shaped[source, kind, : len(headers)] = rows_at(data, headers, HEADER, (NAME, AT))
    offset = next(at for at, (name, _) in enumerate(fronts[0]) if name == SOURCE_OFFSET)
    templates = Templates(shaped, counts, rows_at(data, prefixes, 2, (0,)), offset)
    return Common(told, tuple(frame.topic for frame in frames), templates, max(size for _, size in prefixes), data)
