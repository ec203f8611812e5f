"""What goes with every payload of a schema, and with all that one partition publishes of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from equipoise.processors.produce import AT, HEADER, NAME, Templates
from equipoise.schemas.headers import SOURCE_OFFSET, Headers, offset_header, source_headers
from equipoise.streams.blocks import Pack, rows_at


class Frame(NamedTuple):
    """Of a schema: its id, before a payload or in a header; and where its records go."""

    prefix: bytes
    headers: Headers
    topic: str = ""


class Common(NamedTuple):
    """What the records of some schemas have in common, as `lay_out` takes it."""

    topics: tuple[str, ...]
    templates: Templates
    changing: int  # the first header whose value changes
    longest_prefix: int
    kept: list[object]  # what the addresses point into

    def fill_in(self, headers: Headers) -> None:
        """The values that change."""
        if headers:
            pack = Pack()
            values = [pack.put(value) for _, value in headers]
            data = pack.joined()
            own = self.templates.headers[:, :, self.changing : self.changing + len(headers)]
            own[..., AT:] = rows_at(data, values, 2, (0,))
            self.kept[1:] = [data]


def common(topics: Sequence[str], partition: int, names: Sequence[str], frames: Sequence[Frame]) -> Common:
    """Templates of the headers of each source's topic and each schema.

    Values of the headers `names` are filled in later, those of the offset by record.
    """
    fronts = [[*source_headers(topic, partition), offset_header(0)] for topic in topics]
    changing = [(name, b"") for name in names]
    pack = Pack()
    prefixes = [pack.put(frame.prefix) for frame in frames]
    rows = [
        [
            [(pack.name(name), *pack.put(value)) for name, value in (*front, *changing, *frame.headers)]
            for frame in frames
        ]
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
    longest = max(size for _, size in prefixes)
    return Common(tuple(frame.topic for frame in frames), templates, len(fronts[0]), longest, [data])
