"""What a step of the engine publishes, by output: the worker's own payloads, for files."""

from collections.abc import Iterator, Sequence
from typing import Final

from equipoise.processors.columns import Outputs
from equipoise.processors.instruments import Instruments
from equipoise.streams.outgoing import FEE, SPREAD, WINDOW, payloads
from equipoise.streams.replay.tables import Published

OUTPUTS: Final = {WINDOW: "windows", SPREAD: "spread-signals", FEE: "fee-signals"}  # record: file


def publications(outputs: Outputs, instruments: Instruments, topics: Sequence[str]) -> Iterator[tuple[str, Published]]:
    """Name of the record and the record, in order of publication within each output."""
    for schema, instrument, payload, source, offset in payloads(outputs, instruments):
        yield schema, Published(instrument.key.encode(), payload, topics[source], offset)
