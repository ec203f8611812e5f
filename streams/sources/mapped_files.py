"""A mapping file in the place of a preset: recordings with one JSON record a line."""

from pathlib import Path

from equipoise.schemas.enums import BookSource
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.lines import JsonLines
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapped import Mapped
from equipoise.streams.sources.mapping import MappingError
from equipoise.streams.sources.mapping_file import load_mapping
from equipoise.streams.sources.recording import Request


class MappedFiles:
    """A Preset (streams.sources.recording)."""

    def __init__(self, path: Path) -> None:
        """Load the mapping.

        Raises:
            RecordingError: it cannot work, or is of Avro, which has no lines.
        """
        try:
            self._mapping = load_mapping(path)
        except MappingError as error:
            raise RecordingError(str(error)) from error
        if self._mapping.avro:
            raise RecordingError(f"{path}: encoding: 'avro', a recording is read with 'json', one record a line")

    def book_source(self, _files: Files, /) -> BookSource:
        """What the mapping's rows make: L3 if any of them may add an order, else L2."""
        actions = {
            word
            for event in self._mapping.events
            for row in event.rows
            for word in (row.fields["action"].value, *row.fields["action"].words.values())
        }
        return BookSource.L3 if actions & {"ADD", "MODIFY", "CANCEL", "EXECUTE"} else BookSource.L2

    def reader(self, request: Request, /) -> JsonLines:
        """A reader over the request's files."""
        origin = Origin(request.files.paths[0].name, request.instrument.venue, request.instrument.symbol)
        try:
            return JsonLines(request, Mapped(self._mapping, request.instruments, origin))
        except MappingError as error:
            raise RecordingError(str(error)) from error
