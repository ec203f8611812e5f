"""Best quotes after every event group, in Parquet: a rebuilt book to set beside outside answers."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Flag

SCHEMA: Final = pa.schema(
    [
        pa.field("record", pa.int64(), False, {"doc": "number of the source record, from 0"}),
        pa.field("event_ns", pa.int64(), False),
        pa.field("instrument", pa.string(), False),
        pa.field("bid_px", pa.int64(), True, {"doc": "ticks, null: no bid"}),
        pa.field("bid_qty", pa.int64(), False, {"doc": "lots, 0: no bid"}),
        pa.field("ask_px", pa.int64(), True),
        pa.field("ask_qty", pa.int64(), False),
    ]
)


class BookTable:
    """Writes one row an event group; `seen` is called after each step of an engine with `trace_book`."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self._names = names

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        """Append the groups that ended in this step."""
        del outputs
        ends = np.flatnonzero((events.flags & np.uint32(Flag.LAST)) > 0)
        best = engine.trace[ends]
        columns = [
            pa.array(events.offset[ends]),
            pa.array(events.event_ns[ends]),
            pa.array([self._names[i] if i >= 0 else "" for i in events.instrument[ends].tolist()], pa.string()),
            _price(best[:, 0]),
            pa.array(best[:, 1]),
            _price(best[:, 2]),
            pa.array(best[:, 3]),
        ]
        self._file.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


def _price(column: NDArray[np.int64]) -> pa.Array:
    return pa.array(column, mask=column == NULL)
