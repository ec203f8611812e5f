"""Mutated records through the decoder's kernel, with every array access checked.

    python -m benchmarks.decoder_fuzz --records 10000000

Each round draws from its seed: writers' schemas (ours, and three with fields added, reordered, left out or declared
otherwise; or a mapping and a schema for it), records written with them and in JSON, and copies of those with bits
flipped, bytes cut, spliced, stretched, put in or taken out, and lengths and counts that lie. All go through the kernel,
compiled with NUMBA_BOUNDSCHECK=1 into a folder of its own. A sample of them is decoded by the decoder in Python, too:
what the kernel took must be what that one gives, and whatever it did not take must end in a row or in a refusal with a
cause. Anything else ends the run and names the round's seed, with which `--seed` repeats it alone (`--records 1`).
Ctrl-C ends the run with its counts so far.
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
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from equipoise.processors.instruments import Instruments
    from equipoise.streams.records import BatchDecoder

ROUND: Final = 50_000  # records
_NAMES: Final = [("X", "A")] * 4 + [("Y", "B:C"), ("Börse", "E"), ("LONGER-VENUE", "SYMBOL-OF-MORE-THAN-8"), ("X", "?")]


def main() -> int:
    """Run in a process whose kernels check their bounds; 0: nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--sample", type=int, default=100, help="one record in so many is decoded in Python, too")
    chosen = parser.parse_args()
    if os.environ.get("NUMBA_BOUNDSCHECK") == "1":
        return _run(chosen.records, chosen.seed, chosen.sample)
    with tempfile.TemporaryDirectory() as folder:
        checked = os.environ | {"NUMBA_BOUNDSCHECK": "1", "EQUIPOISE_KERNEL_CACHE": folder}
        command = [sys.executable, "-m", "benchmarks.decoder_fuzz", *sys.argv[1:]]
        return subprocess.run(command, env=checked, check=False).returncode


def _run(records: int, seed: int, sample: int) -> int:
    import numba

    assert numba.config.BOUNDSCHECK, "NUMBA_BOUNDSCHECK was set too late"
    taken: Counter[str] = Counter()
    found: Counter[str] = Counter()
    began = time.monotonic()
    first = seed
    with suppress(KeyboardInterrupt):
        while taken.total() < records:
            _round(seed, sample, taken, found)
            seed += 1
            if (seed - first) % 50 == 0:
                print(f"{taken.total():>12,} records, {time.monotonic() - began:.0f} s", flush=True)
    took = time.monotonic() - began
    print(f"{taken.total():,} mutated records (seeds {first} to {seed - 1}), {took:.0f} s: no difference, no error")
    for what, counts in (("by the kernel", taken), ("of the sample, by the decoder in Python", found)):
        print(f"{what}:")
        for name, count in counts.most_common():
            print(f"{count:>12,}  {name}")
    return 0


def _round(seed: int, sample: int, taken: Counter[str], found: Counter[str]) -> None:
    """One batch; raises what should not be."""
    import numpy as np

    from benchmarks.mutate_bytes import mutated
    from equipoise.streams.records import RecordBatch

    decoder, values = _mapped(seed) if seed % 8 == 6 else _own(seed)
    data, at, length = mutated(values, ROUND, seed)
    none = np.zeros(ROUND, np.int64)
    batch = RecordBatch("orders", 0, data, np.arange(ROUND), none, none, none, at, length, none, none, ROUND)
    rows, declined = decoder.columnar.kernel(batch)
    assert len(rows.record) + len(declined) == ROUND, f"seed {seed}: records without an outcome"
    taken.update({"taken": len(rows.record), "left to Python": len(declined)})
    chosen = np.sort(np.random.default_rng(seed).choice(ROUND, ROUND // sample, replace=False))
    alone = decoder.decode([batch.record(int(k)) for k in chosen])
    assert len(alone.record) + len(alone.refusals) == len(chosen), f"seed {seed}: a sample without an outcome"
    by_kernel = np.isin(rows.record, chosen)
    by_python = np.isin(chosen[np.asarray(alone.record, np.intp)], rows.record)
    assert by_kernel.sum() == by_python.sum(), f"seed {seed}: the kernel took what is refused"
    for ours, theirs in zip(rows.events, alone.events, strict=True):
        assert np.array_equal(ours[by_kernel], theirs[by_python]), f"seed {seed}: other rows"
    found["a row"] += len(alone.record)
    found.update(refusal.cause.name for refusal in alone.refusals)


def _own(seed: int) -> tuple["BatchDecoder", list[bytes]]:
    """Records of ours, and what reads them."""
    from benchmarks.decoder_mutants import Mutants
    from equipoise.schemas import codec
    from equipoise.schemas.wire import frame
    from equipoise.streams.intents import IntentDecoder
    from equipoise.streams.sources.canonical import CanonicalDecoder

    name = "SwapIntent" if seed % 8 == 7 else "OrderEvent"
    mutants = Mutants(seed, _NAMES, name)
    schemas = [codec.schema(name), *(mutants.schema() for _ in range(3))]
    values = [frame(number, mutants.body(schema)) for number, schema in enumerate(schemas) for _ in range(16)]
    values += [frame(0, mutants.body(schemas[0])) for _ in range(32)]
    values += [mutants.json() for _ in range(16)]
    kind = IntentDecoder if name == "SwapIntent" else CanonicalDecoder
    return kind(_listed(_NAMES[:-1]), _Numbered(schemas)), values


def _mapped(seed: int) -> tuple["BatchDecoder", list[bytes]]:
    """Records of another shape, and what reads them by a mapping."""
    from benchmarks.decoder_mutants import Mutants
    from benchmarks.mapping_mutants import body, mapping
    from equipoise.schemas import codec
    from equipoise.schemas.wire import frame
    from equipoise.streams.sources.live import Origin
    from equipoise.streams.sources.mapped import Mapped, MappedDecoder
    from equipoise.streams.sources.mapping_file import mapping_of

    mutants = Mutants(seed, [])
    text, writer, unit = mapping(mutants.random)
    schemas = _Numbered([codec.parse(json.dumps(writer))])
    instruments = _listed([("K", "A"), ("K", "B"), ("Z", "A")])
    mapped = Mapped(mapping_of(tomllib.loads(text)), instruments, Origin("orders"), schemas)
    values = [frame(0, body(mutants.random, mutants, writer, unit)) for _ in range(60)]
    return MappedDecoder(mapped, instruments, 1 << 20), values


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
