"""The canonical OrderEvent in files, as `equipoise simulate` writes them: Avro object containers, or JSON a line.

| file | record | becomes |
|---|---|---|
| `.avro` | one record of the container, in whatever version it was written | one row (`sources.canonical`) |
| any other, perhaps packed | one line: a JSON object with the fields of OrderEvent | one row |

- Prices are ticks and quantities lots already, so nothing can be inferred: the instrument must be listed.
- Records of other instruments are used if those are listed too, and are flagged UNKNOWN_INSTRUMENT otherwise.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

import fastavro

from equipoise.processors.columns import NULL
from equipoise.schemas import codec
from equipoise.schemas.enums import BookSource, Cause
from equipoise.schemas.errors import DecodingError
from equipoise.streams.sources.bounds import RefusedError
from equipoise.streams.sources.canonical import NAME, append, from_json
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows

TOPICS: Final = ("orders",)


def book_source(_files: Files) -> BookSource:
    """Of an instrument that is not listed: an error, since nothing tells what a tick is."""
    raise RecordingError("canonical records count in ticks and lots: list the instrument (--instruments FILE)")


def reader(request: Request) -> "CanonicalFiles":
    """A reader over the request's files."""
    return CanonicalFiles(request)


class CanonicalFiles:
    """A Reader of such files, one after the other."""

    topics = TOPICS

    def __init__(self, request: Request) -> None:
        self._files = request.files
        self._instruments = request.instruments

    def records(self) -> Iterator[SourceRecord]:
        """Each record of a container, each line of another file."""
        for path in self._files.paths:
            values = self._container(path) if path.suffix == ".avro" else self._files.lines(path)
            for value in values:
                yield SourceRecord(0, NULL, value)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One record."""
        append(from_json(record.value) if record.value[:1] == b"{" else _decode(record.value), self._instruments, rows)

    def _container(self, path: Path) -> Iterator[bytes]:
        """Bodies in our own version of the schema, so that a record is bytes here as everywhere."""
        stream = _Stream(self._files.blob(path))
        try:
            for record in fastavro.reader(cast(IO[bytes], stream), reader_schema=codec.schema(NAME)):
                yield codec.encode(NAME, cast(dict[str, Any], record))
        except RecordingError:
            raise
        except Exception as error:  # fastavro raises many kinds on damage
            raise RecordingError(f"{path}: not an Avro container of {NAME}: {error}") from error


class _Stream(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        cut = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:cut], self._rest[cut:]
        return found


def _decode(body: bytes) -> dict[str, Any]:
    try:
        return codec.decode(NAME, body)
    except DecodingError as error:
        raise RefusedError(Cause.MISTYPED, str(error)) from None
