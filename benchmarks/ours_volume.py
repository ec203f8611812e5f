"""The equal work on our transport and decoder: the example app of `streams/example_volume.py`, with marks.

usage: python -m benchmarks.ours_volume BOOTSTRAP IN OUT RECORDS EVERY volume|decode|fetch

`decode` stops after the columns, `fetch` before them.
"""

import asyncio

from benchmarks.peers.common import Marks, job
from equipoise.streams.example_volume import Volume, make_app
from equipoise.streams.records import RecordBatch
from equipoise.streams.simulator.load import load_instruments
from equipoise.streams.sources.canonical import CanonicalDecoder

_MOST_INSTRUMENTS = 10_000


async def main() -> None:
    """Run until so many orders are read."""
    asked = job()
    marks, done, table = Marks(asked.every), asyncio.Event(), load_instruments(_MOST_INSTRUMENTS)
    decoder = CanonicalDecoder(table)

    class Counted(Volume):
        def take(self, batch: RecordBatch) -> None:
            if asked.mode == "volume":
                super().take(batch)
            elif asked.mode == "decode":
                decoder.decode_batch(batch)
            if marks.add(len(batch)) >= asked.records:
                done.set()

    volume = Counted(asked.bootstrap, asked.sink, table)
    app = make_app(asked.bootstrap, asked.source, asked.sink, volume)
    await app.start()
    await done.wait()
    await volume.commit(app)
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main())
