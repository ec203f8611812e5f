"""Mutated records through the decoder's kernel, with every array access checked.

    python -m benchmarks.decoder_fuzz --records 10000000

Each round draws from its seed: writers' schemas (ours, and three with fields added, reordered, left out or declared
otherwise; or a mapping and a schema for it), records written with them, and copies of those with bits flipped, bytes
cut, spliced, stretched or put in, and lengths and counts that lie. A batch of them goes through `decode_batch`; one in
`--each` is also decoded alone, and must give the same. Anything but a row or a refusal with a cause ends the run and
names the round's seed, with which `--seed` repeats it alone (`--records 1`). The kernel is compiled with
NUMBA_BOUNDSCHECK=1 into a folder of its own. Ctrl-C ends the run with its counts so far.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from equipoise.processors.instruments import Instruments
    from equipoise.streams.records import BatchDecoder, RawRecord

ROUND: Final = 4000  # records
_NAMES: Final = [("X", "A")] * 4 + [("Y", "B:C"), ("Börse", "E"), ("LONGER-VENUE", "SYMBOL-OF-MORE-THAN-8"), ("X", "?")]


def main() -> int:
    """Run in a process whose kernels check their bounds; 0: nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--each", type=int, default=20, help="one record in so many is decoded alone, too")
    chosen = parser.parse_args()
    if os.environ.get("NUMBA_BOUNDSCHECK") == "1":
        return _run(chosen.records, chosen.seed, chosen.each)
    with tempfile.TemporaryDirectory() as folder:
        checked = os.environ | {"NUMBA_BOUNDSCHECK": "1", "EQUIPOISE_KERNEL_CACHE": folder}
        command = [sys.executable, "-m", "benchmarks.decoder_fuzz", *sys.argv[1:]]
        return subprocess.run(command, env=checked, check=False).returncode


def _run(records: int, seed: int, each: int) -> int:
    import numba

    assert numba.config.BOUNDSCHECK, "NUMBA_BOUNDSCHECK was set too late"
    found: Counter[str] = Counter()
    began = time.monotonic()
    first = seed
    with suppress(KeyboardInterrupt):
        while found.total() < records:
            _round(seed, each, found)
            seed += 1
            if (seed - first) % 250 == 0:
                print(f"{found.total():>12,} records, {time.monotonic() - began:.0f} s", flush=True)
    took = time.monotonic() - began
    print(
        f"{found.total():,} mutated records, seeds {first} to {seed - 1}, {took:.0f} s, no difference, no other error"
    )
    for name, count in found.most_common():
        print(f"{count:>12,}  {name}")
    return 0


def _round(seed: int, each: int, found: Counter[str]) -> None:
    """One batch; raises what should not be."""
    import numpy as np

    from equipoise.streams.records import batch_of

    draw = Random(seed)
    decoder, records = _mapped(seed) if seed % 8 == 6 else _own(seed)
    decoded = decoder.decode_batch(batch_of(records))
    assert len(decoded.record) + len(decoded.refusals) == len(records), f"seed {seed}: records without an outcome"
    chosen = sorted(draw.sample(range(ROUND), ROUND // each))
    alone = decoder.decode([records[k] for k in chosen])
    mine = np.isin(decoded.record, chosen)
    for ours, theirs in zip(decoded.events, alone.events, strict=True):
        assert np.array_equal(ours[mine], theirs), f"seed {seed}: other rows"
    refused = {refusal.record: (refusal.cause, refusal.detail) for refusal in decoded.refusals}
    for refusal in alone.refusals:
        assert refused[chosen[refusal.record]] == (refusal.cause, refusal.detail), f"seed {seed}: another refusal"
    found["a row"] += len(decoded.record)
    found.update(cause.name for cause, _ in refused.values())


def _own(seed: int) -> tuple["BatchDecoder", list["RawRecord"]]:
    """Records of ours, and what reads them."""
    from benchmarks.decoder_mutants import Mutants
    from equipoise.schemas import codec
    from equipoise.schemas.wire import frame, id_header
    from equipoise.streams.intents import IntentDecoder
    from equipoise.streams.records import RawRecord
    from equipoise.streams.sources.canonical import CanonicalDecoder

    name = "SwapIntent" if seed % 8 == 7 else "OrderEvent"
    mutants = Mutants(seed, _NAMES, name)
    draw = mutants.random
    schemas = [codec.schema(name), *(mutants.schema() for _ in range(3))]
    bodies = [[mutants.body(schema) for _ in range(16)] for schema in schemas]
    texts = [mutants.json() for _ in range(16)]
    records = []
    for offset in range(ROUND):
        number = draw.choice((0, 0, 0, 1, 2, 3))
        body = mutants.mutated(draw.choice(bodies[number]), bodies[number])
        whole = offset % 8 == 0
        value, headers = (body, [id_header(number)]) if whole and offset % 16 else (frame(number, body), [])
        if offset % 8 == 1:
            value, headers = mutants.mutated(draw.choice(texts), texts), []
        if whole:  # the frame is mutated, too
            value = mutants.mutated(value, bodies[number])
        records.append(RawRecord("orders", 0, offset, None, value, headers))
    kind = IntentDecoder if name == "SwapIntent" else CanonicalDecoder
    return kind(_listed(_NAMES[:-1]), _Numbered(schemas)), records


def _mapped(seed: int) -> tuple["BatchDecoder", list["RawRecord"]]:
    """Records of another shape, and what reads them by a mapping."""
    from benchmarks.decoder_mutants import Mutants
    from benchmarks.mapping_mutants import body, mapping
    from equipoise.schemas import codec
    from equipoise.schemas.wire import frame
    from equipoise.streams.records import RawRecord
    from equipoise.streams.sources.live import Origin
    from equipoise.streams.sources.mapped import Mapped, MappedDecoder
    from equipoise.streams.sources.mapping_file import mapping_of

    mutants = Mutants(seed, [])
    text, writer, unit = mapping(mutants.random)
    schemas = _Numbered([codec.parse(json.dumps(writer))])
    instruments = _listed([("K", "A"), ("K", "B"), ("Z", "A")])
    mapped = Mapped(mapping_of(tomllib.loads(text)), instruments, Origin("orders"), schemas)
    bodies = [body(mutants.random, mutants, writer, unit) for _ in range(60)]
    values = [frame(0, mutants.mutated(mutants.random.choice(bodies), bodies)) for _ in range(ROUND)]
    records = [RawRecord("orders", 0, offset, None, value, ()) for offset, value in enumerate(values)]
    return MappedDecoder(mapped, instruments, 1 << 20), records


def _listed(names: list[tuple[str, str]]) -> "Instruments":
    from equipoise.processors.instruments import Instrument, Instruments

    instruments = Instruments()
    for venue, symbol in dict.fromkeys(names):
        instruments.add(Instrument(venue, symbol, Decimal("0.05"), Decimal("0.001")))
    return instruments


class _Numbered:
    """Schemas by their place."""

    def __init__(self, schemas: list[dict[str, object]]) -> None:
        self._schemas = schemas

    def writer(self, schema_id: object) -> dict[str, object]:
        """The schema with that id; UnknownSchemaError where there is none."""
        from equipoise.schemas.errors import UnknownSchemaError

        if not isinstance(schema_id, int) or schema_id >= len(self._schemas):
            raise UnknownSchemaError(f"schema id: {schema_id}, expected one below {len(self._schemas)}")
        return self._schemas[schema_id]


if __name__ == "__main__":
    sys.exit(main())
