"""A simulation as files. The same settings and versions give the same bytes.

| file | what |
|---|---|
| `orders.avro` or `orders.jsonl` | OrderEvent records in order of arrival |
| `pending.jsonl` | PendingTransaction records in order of arrival |
| `instruments.toml` | the instruments' definitions |
| `takers.parquet` | truth: each taker's order, informed or not, with the hidden value (joins by offset or sequence) |
| `bursts.parquet` | truth: when the hidden value jumped, and until when takers traded on it |
| `transactions.parquet` | truth: what became of each transaction, the never seen ones too |
| `simulation.json` | the settings and the counts |
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.codec import schema
from equipoise.schemas.enums import PendingState, Side
from equipoise.streams.simulator.labels import BURST_DTYPE, OUTCOME_DTYPE, TAKER_DTYPE, VALUE_UNIT
from equipoise.streams.simulator.simulator import SimulatedChunk, Simulator
from equipoise.streams.sources.canonical import encode_rows

FORMATS: Final = ("avro", "jsonl")
SOURCE: Final = "simulator"
# Avro containers separate blocks by 16 bytes, usually random: fixed, so that equal data are equal files.
_SYNC_MARKER: Final = b"equipoise-simula"

Record = dict[str, Any]


class SimulationFiles:
    """Writes one simulation into a folder while it runs."""

    def __init__(self, simulator: Simulator, folder: Path, file_format: str = "avro") -> None:
        if file_format not in FORMATS:
            raise ValueError(f"format is {file_format!r}; it must be one of {', '.join(FORMATS)}")
        self._simulator = simulator
        self._folder = folder
        self._format = file_format
        self._counts: Counter[str] = Counter()
        self._labels: tuple[list[NDArray[np.void]], ...] = ([], [], [])

    def write(self, seconds: float, progress: Callable[[SimulatedChunk], None] | None = None) -> Record:
        """Simulate `seconds` and write everything; returns what `simulation.json` says."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "pending.jsonl").open("w", encoding="utf-8") as pending:
            self._orders(self._records(seconds, pending, progress))
        names = ("takers", "bursts", "transactions")
        for name, dtype, parts in zip(names, (TAKER_DTYPE, BURST_DTYPE, OUTCOME_DTYPE), self._labels, strict=True):
            rows = np.concatenate([np.empty(0, dtype), *parts])
            self._counts[name] = len(rows)
            pq.write_table(label_table(rows, self._simulator.instruments), self._folder / f"{name}.parquet")
        listing = instruments_toml(self._simulator.instruments)
        (self._folder / "instruments.toml").write_text(listing, encoding="utf-8")
        summary = self._summary(seconds)
        (self._folder / "simulation.json").write_text(json.dumps(summary, indent=2, default=str) + "\n")
        return summary

    def _records(
        self, seconds: float, pending: IO[str], progress: Callable[[SimulatedChunk], None] | None
    ) -> Iterator[Record]:
        """OrderEvent records as they are simulated; everything else is written or kept on the way."""
        for chunk in self._simulator.chunks(seconds):
            for record in chunk.pending:
                pending.write(json.dumps(record, separators=(",", ":")) + "\n")
            for kept, rows in zip(self._labels, chunk.labels, strict=True):
                kept.append(rows)
            self._counts["orders"] += len(chunk.events.offset)
            self._counts["pending"] += len(chunk.pending)
            self._counts["informed"] += int(chunk.labels.takers["informed"].sum())
            yield from encode_rows(chunk.events, self._simulator.instruments, SOURCE)
            if progress is not None:
                progress(chunk)

    def _orders(self, records: Iterator[Record]) -> None:
        if self._format == "avro":
            with (self._folder / "orders.avro").open("wb") as out:
                fastavro.writer(out, schema("OrderEvent"), records, sync_marker=_SYNC_MARKER)
            return
        with (self._folder / "orders.jsonl").open("w", encoding="utf-8") as out:
            for record in records:
                out.write(json.dumps(record, separators=(",", ":")) + "\n")

    def _summary(self, seconds: float) -> Record:
        settings = self._simulator.settings
        markets = [
            {"instrument": m.instrument.key, "start_ticks": m.start_ticks, "pool": m.pool} for m in settings.instruments
        ]
        return {
            "seconds": seconds,
            **{name: self._counts[name] for name in ("orders", "pending", "takers", "informed", "bursts")},
            "seed": settings.seed,
            "rate": settings.rate,
            "start_ns": settings.start_ns,
            "markets": markets,
            "flow_settings": asdict(settings.flow),
            "burst_settings": asdict(settings.bursts),
        }


def label_table(rows: NDArray[np.void], instruments: Instruments) -> pa.Table:
    """Labels with words for numbers: instrument keys, sides, states; hidden values in ticks."""
    columns: dict[str, Any] = {}
    for name in rows.dtype.names or ():
        column = rows[name]
        if name == "instrument":
            columns[name] = [instruments[index].key for index in column.tolist()]
        elif name == "side":
            columns[name] = [Side(value).name for value in column.tolist()]
        elif name == "state":
            columns[name] = [PendingState(value).name for value in column.tolist()]
        elif name in ("value", "before", "after"):
            columns[f"{name}_ticks"] = column / VALUE_UNIT
        elif name == "hash":
            columns[name] = column.tolist()
        else:
            columns[name] = np.ascontiguousarray(column)
    return pa.table(columns)


def instruments_toml(instruments: Instruments) -> str:
    """`[[instruments]]` tables with the fields of the Instrument record."""
    return "\n".join(_instrument_toml(instrument) for instrument in instruments)


def _instrument_toml(instrument: Instrument) -> str:
    fields = {
        "venue": instrument.venue,
        "symbol": instrument.symbol,
        "tick": str(instrument.tick),
        "lot": str(instrument.lot),
        "book_source": instrument.book_source.name,
        "contract": instrument.contract.upper(),
        "multiplier": str(instrument.multiplier),
        "underlying": instrument.underlying,
        "base": instrument.base,
        "quote": instrument.quote,
        "settlement": instrument.settlement,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["[[instruments]]", *lines, ""])
