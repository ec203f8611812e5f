"""The decoder of a topic, by the `format` of its settings."""

from pathlib import Path
from typing import Final

from equipoise.processors.instruments import Instruments
from equipoise.schemas.local import SchemaSource
from equipoise.streams.records import Decoder
from equipoise.streams.sources import presets
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.sources.each import RECORD_MAX_BYTES, EachRecord
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapped import Mapped, MappedDecoder
from equipoise.streams.sources.mapping import MappingError
from equipoise.streams.sources.mapping_file import load_mapping

CANONICAL: Final = "canonical"


class FormatError(Exception):
    """A format is unknown, or its mapping cannot work; the message names what was expected."""


def open_decoder(
    format: str,
    instruments: Instruments,
    origin: Origin | None = None,
    schemas: SchemaSource | None = None,
    max_bytes: int = RECORD_MAX_BYTES,
) -> Decoder:
    """The decoder of a format: `canonical`, a built-in preset, or the path of a mapping file.

    Args:
        format: as in the settings of the topic.
        instruments: the process-wide table; those listed later are found, too.
        origin: what the topic itself says about its records.
        schemas: where the writers' schemas are known; None: only this package's own.
        max_bytes: a larger record is refused unread.

    Raises:
        FormatError: no such format, or a mapping that cannot work.
    """
    if format == CANONICAL:
        return CanonicalDecoder(instruments, schemas, max_bytes)
    found = origin or Origin()
    if format.endswith(".toml"):
        try:
            mapped = Mapped(load_mapping(Path(format)), instruments, found, schemas)
        except MappingError as error:
            raise FormatError(str(error)) from error
        return MappedDecoder(mapped, instruments, max_bytes)
    if format not in presets.LIVE:
        known = ", ".join((CANONICAL, *presets.LIVE))
        raise FormatError(f"format: {format!r}, expected one of {known}, or the path of a mapping (TOML)")
    return EachRecord(presets.load_live(format)(instruments, found).record, max_bytes)
