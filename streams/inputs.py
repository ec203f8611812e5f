"""Which decoder reads which topic."""

from equipoise.processors.instruments import Instruments
from equipoise.schemas.local import SchemaSource
from equipoise.streams.records import Decoder
from equipoise.streams.settings import Settings
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.topics import Input


def make_decoder(source: Input, settings: Settings, instruments: Instruments, schemas: SchemaSource) -> Decoder:
    """The decoder of one topic. What the topic's name says goes before what the settings say of it.

    Raises:
        FormatError: there is no such format, or its mapping cannot work.
    """
    asked, said = source.asked, source.said
    origin = Origin(
        source.topic,
        said.get("venue", asked.venue),
        said.get("symbol", asked.symbol),
        said.get("channel", asked.channel),
        asked.checksum,
    )
    return open_decoder(asked.format, instruments, origin, schemas, settings.limits.record_max_bytes)
