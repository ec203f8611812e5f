"""A recording as a task is fed with it: which instrument, in which units, as one topic or a topic a channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.streams.listing import read_instruments
from equipoise.streams.records import Decoded
from equipoise.streams.sources import presets
from equipoise.streams.sources.files import Files
from equipoise.streams.sources.recording import Chunk, Recording, RecordingError, open_recording

ONE_TOPIC: Final = "orders"
CHUNK: Final = 5_000  # records

Feed = tuple[str, Decoded, Sequence[int]]  # topic, rows, and the number of each record in the recording


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read. `instrument` is VENUE:SYMBOL."""

    preset: str
    files: tuple[Path, ...]
    instrument: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    listings: tuple[Path, ...] = ()  # files of instruments
    split: bool = False  # a topic a channel instead of one topic in the order of the recording


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened recording and the table that its rows point into."""

    recording: Recording
    instruments: Instruments
    split: bool

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics of the task that is fed."""
        return tuple(f"{ONE_TOPIC}.{name}" for name in self.recording.topics) if self.split else (ONE_TOPIC,)

    @property
    def key(self) -> str:
        """VENUE:SYMBOL."""
        return self.recording.instrument.key

    def chunks(self, n: int = CHUNK) -> Iterator[list[Feed]]:
        """What a task is to be fed with, `n` source records at a time."""
        for chunk in self.recording.chunks(n):
            yield self._feeds(chunk)

    def _feeds(self, chunk: Chunk) -> list[Feed]:
        if self.split:
            return [(f"{ONE_TOPIC}.{name}", decoded, numbers) for name, decoded, numbers in chunk.by_topic()]
        return [(ONE_TOPIC, chunk.decoded, range(chunk.first, chunk.first + len(chunk.records)))]


def open_source(source: Source) -> Opened:
    """Open the files; tick and lot come from the flags, else a file of instruments, else the recording itself.

    Raises:
        RecordingError: a file, the preset or the instrument cannot be read as asked.
        ListingError: a file of instruments cannot be read.
    """
    instruments = Instruments()
    for path in source.listings:
        if not path.is_file():
            raise RecordingError(f"{path}: no such file of instruments")
        for instrument in read_instruments(path):
            instruments.add(instrument)
    if source.tick is not None or source.lot is not None:
        instruments.add(_in_units(source, instruments))
    recording = open_recording(source.preset, source.files, source.instrument, instruments)
    return Opened(recording, instruments, source.split)


def _in_units(source: Source, listed: Instruments) -> Instrument:
    if source.tick is None or source.lot is None:
        raise RecordingError("tick and lot: give both, or neither and have them inferred")
    venue, colon, symbol = source.instrument.partition(":")
    if not (venue and colon and symbol):
        raise RecordingError(f"instrument: {source.instrument!r}, expected VENUE:SYMBOL")
    index = listed.find(venue, symbol)
    if index >= 0:
        raise RecordingError(f"{source.instrument}: tick and lot are given twice, as options and in a file")
    book_source = presets.load(source.preset).book_source(Files(list(source.files)))
    return Instrument(venue, symbol, source.tick, source.lot, book_source)
