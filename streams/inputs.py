"""Which decoder reads which topic."""

from equipoise.processors.instruments import Instruments
from equipoise.schemas.local import SchemaSource
from equipoise.streams.records import Decoder
from equipoise.streams.settings import Settings
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.topics import Input

CANONICAL = "canonical"


def make_decoder(source: Input, settings: Settings, instruments: Instruments, schemas: SchemaSource) -> Decoder:
    """The decoder of one topic.

    Raises:
        ValueError: there is no such format.
    """
    if source.asked.format == CANONICAL:
        return CanonicalDecoder(instruments, schemas, settings.limits.record_max_bytes)
    raise ValueError(f"topics.orders: format {source.asked.format!r}, must be {CANONICAL}")
