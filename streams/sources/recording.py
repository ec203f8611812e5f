"""Recordings: files of a known format as source records, and as decoded rows in the order of arrival.

    recording = open_recording("lobster", files, "NASDAQ:AMZN", instruments)
    for chunk in recording.chunks(10_000):
        for topic, decoded, numbers in chunk.by_topic():
            task.feed_rows(topic, decoded, numbers)

A source record is one line (or one binary record) of the recording; accounting counts those. Each belongs
to one channel, `recording.topics[record.channel]`, which is what a feed handler would have published it
to. Records, and the numbers they get from 0, are in the order of arrival over all channels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import BookSource, Cause
from equipoise.streams.records import Decoded
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.rows import Rows, take

OFF_UNIT = (Cause.PRICE_OFF_TICK, Cause.QUANTITY_OFF_LOT)


class SourceRecord(NamedTuple):
    """One line or binary record as it was recorded."""

    channel: int  # index in the recording's topics
    arrival_ns: int  # recorder's stamp, NULL where it stands in the value itself or nowhere
    value: bytes


class Reader(Protocol):
    """One preset over one set of files. `parse` may keep what a venue spreads over several records."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the channels."""
        ...

    def records(self) -> Iterator[SourceRecord]:
        """The source records in the order of arrival; each call begins anew."""
        ...

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """Append the record's rows. Raises RefusedError."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a preset is asked to read."""

    files: Files
    instrument: Instrument
    instruments: Instruments

    @property
    def index(self) -> int:
        """Of the instrument in the table."""
        return self.instruments.find(self.instrument.venue, self.instrument.symbol)


class Preset(Protocol):
    """A recorded format: modules under `streams.sources.presets` have these names."""

    def book_source(self, files: Files, /) -> BookSource:
        """What the book is built from, unless the instrument says otherwise."""
        ...

    def reader(self, request: Request) -> Reader:
        """A reader over the request's files."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive source records and their rows.

    `decoded.events.source` is the channel and `.offset` the record's number in the recording;
    `decoded.record` and the refusals count from the chunk's first record.
    """

    topics: tuple[str, ...]
    first: int  # number of records[0] in the recording
    records: list[SourceRecord]
    decoded: Decoded

    @property
    def channels(self) -> NDArray[np.intp]:
        """Of each record."""
        return np.fromiter((record.channel for record in self.records), np.intp, len(self.records))

    def by_topic(self) -> Iterator[tuple[str, Decoded, list[int]]]:
        """For each topic that has records here: its name, its rows, and its records' numbers in the recording.

        In each part `record` and the refusals count within that topic's records.
        """
        channels = self.channels
        for channel in np.unique(channels).tolist():
            mine = np.flatnonzero(channels == channel)
            part = self.decoded if len(mine) == len(self.records) else take(self.decoded, mine)
            yield self.topics[channel], part, (self.first + mine).tolist()


class Recording:
    """An opened recording. Made by `open_recording`."""

    def __init__(self, reader: Reader, files: Files, instrument: Instrument, inferred: bool) -> None:
        self._reader = reader
        self._files = files
        self.instrument = instrument
        self.inferred = inferred

    @property
    def topics(self) -> tuple[str, ...]:
        """Channel names; `source` in rows counts in them."""
        return self._reader.topics

    @property
    def notes(self) -> list[str]:
        """What a person should be told: tick and lot that were not given but inferred."""
        if not self.inferred:
            return []
        one = self.instrument
        return [
            f"{one.key}: no instrument record; inferred tick {one.tick:f}, lot {one.lot:f}, {one.book_source.name} book"
        ]

    @property
    def bytes_total(self) -> int:
        """Size of the files."""
        return self._files.bytes_total

    @property
    def bytes_read(self) -> int:
        """How far reading has come, of `bytes_total`."""
        return self._files.bytes_read

    def records(self) -> Iterator[SourceRecord]:
        """The source records alone, not decoded."""
        return self._reader.records()

    def chunks(self, n: int = 10_000) -> Iterator[Chunk]:
        """All records, `n` at a time. Where they are cut makes no difference to the rows.

        Raises:
            RecordingError: a file is damaged, or a number is off a tick or lot that was only inferred.
        """
        self._files.rewind()
        source = self._reader.records()
        first = 0
        while records := list(islice(source, n)):
            decoded = decode(self._reader, records, first)
            if self.inferred:
                _check_units(decoded, self.instrument, first)
            yield Chunk(self.topics, first, records, decoded)
            first += len(records)


def open_recording(
    preset: str,
    files: Sequence[Path],
    instrument: str,
    instruments: Instruments,
    book_source: BookSource | None = None,
) -> Recording:
    """Open files of a built-in preset, or of a mapping file.

    Args:
        preset: a name of `presets.NAMES`, or the path of a mapping (TOML).
        files: in the order in which they are to be read.
        instrument: VENUE:SYMBOL.
        instruments: if it lacks the instrument, that is added, with tick and lot inferred.
        book_source: of an instrument that is inferred; None: the preset's default.

    Raises:
        RecordingError: naming the file, and what was expected.
    """
    from equipoise.streams.sources.infer import infer_instrument
    from equipoise.streams.sources.presets import load

    venue, colon, symbol = instrument.partition(":")
    if not (venue and colon and symbol):
        raise RecordingError(f"instrument: {instrument!r}, expected VENUE:SYMBOL")
    opened = Files([Path(path) for path in files])
    chosen = load(preset)
    index = instruments.find(venue, symbol)
    inferred = index < 0
    if inferred:
        wanted = chosen.book_source(opened) if book_source is None else book_source
        index = instruments.add(infer_instrument(chosen, opened, venue, symbol, wanted))
    listed = instruments[index]
    return Recording(chosen.reader(Request(opened, listed, instruments)), opened, listed, inferred)


def decode(reader: Reader, records: Sequence[SourceRecord], first: int = 0) -> Decoded:
    """Rows and refusals of some records, the first of which has the number `first`."""
    rows = Rows()
    for index, record in enumerate(records):
        rows.start(index, first + index, record.channel)
        rows.arrival_ns = record.arrival_ns
        rows.guarded(lambda record=record: reader.parse(record, rows))  # type: ignore[misc]
    return rows.decoded()


def _check_units(decoded: Decoded, instrument: Instrument, first: int) -> None:
    for refusal in decoded.refusals:
        if refusal.cause in OFF_UNIT:
            raise RecordingError(
                f"record {first + refusal.record}: {refusal.detail}, which was inferred from the records before; "
                f"give an instrument record of {instrument.key} with its true tick and lot"
            )


__all__ = [
    "Chunk",
    "Files",
    "Preset",
    "Reader",
    "Recording",
    "RecordingError",
    "Request",
    "SourceRecord",
    "decode",
    "open_recording",
]
