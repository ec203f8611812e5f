"""Files with one JSON record a line, read by the same parser as a topic of that format."""

from collections.abc import Iterator
from typing import Final, Protocol

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Cause
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.bounds import RefusedError
from equipoise.streams.sources.files import LINE_MAX
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows

TOPICS: Final = ("orders",)


class LiveParser(Protocol):
    """Of one topic."""

    def record(self, record: RawRecord, rows: Rows) -> None:
        """Append the record's rows. Raises RefusedError."""
        ...


class JsonLines:
    """A Reader of such files, one after the other."""

    topics = TOPICS

    def __init__(self, request: Request, parser: LiveParser) -> None:
        self._files = request.files
        self._parser = parser

    def records(self) -> Iterator[SourceRecord]:
        """Each line."""
        for path in self._files.paths:
            for line in self._files.lines(path):
                yield SourceRecord(0, NULL, line)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One line."""
        if len(record.value) > LINE_MAX:
            raise RefusedError(Cause.TOO_LARGE, f"line: over {LINE_MAX} bytes")
        self._parser.record(RawRecord("", 0, 0, None, record.value), rows)
