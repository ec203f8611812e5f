"""What a step of the engine publishes, as keys and payloads by output."""

from collections.abc import Iterator, Sequence
from typing import Final

from equipoise.processors.columns import Outputs
from equipoise.processors.instruments import Instruments
from equipoise.schemas.row_writer import encode_fee_signal, encode_spread_signal, encode_window
from equipoise.streams.replay.tables import Published

OUTPUTS: Final = {"windows": "ImbalanceWindow", "spread-signals": "SpreadSignal", "fee-signals": "FeeSignal"}
SPREAD, FEE = 1, 2  # bits of `emits`


def publications(outputs: Outputs, instruments: Instruments, topics: Sequence[str]) -> Iterator[tuple[str, Published]]:
    """Name of the output and the record, in order of publication within each output."""
    for row in outputs.windows:
        instrument = instruments[int(row["instrument"])]
        payload = encode_window(row, instrument)
        yield "windows", Published(instrument.key.encode(), payload, topics[row["source"]], int(row["offset"]))
    for row, components in zip(outputs.signals, outputs.components, strict=True):
        instrument = instruments[int(row["instrument"])]
        key, where = instrument.key.encode(), (topics[row["source"]], int(row["offset"]))
        if row["emits"] & SPREAD:
            yield "spread-signals", Published(key, encode_spread_signal(row, components, instrument), *where)
        if row["emits"] & FEE:
            yield "fee-signals", Published(key, encode_fee_signal(row, components, instrument), *where)
