"""Mutated proofs by the million: counted by the stage that refused them; one accepted or one crash is a failure.

    python -m benchmarks.proofs_fuzz --mutations 10000000     bytes changed anywhere in an object
    python -m benchmarks.proofs_fuzz --final 100000           well-formed changes that reach a last equation

Each mutated object takes its original's place in a bundle whose other parts are good, so a
mutation that decodes is judged by the whole verifier. Deterministic by --seed.

With --shards FILE each 250,000 of the mutations are a shard with a seed of its own (--seed and
what follows), whose counts are appended to FILE when it is done; a shard that FILE has, of the
same verifying code, is not run again. The report is then over all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import equipoise.proofs
from equipoise.proofs.attestation import Attestation
from equipoise.proofs.audit import Audit, check_audit
from equipoise.proofs.band import Band, check_band
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.codec import Framed
from equipoise.proofs.elements import FieldScalar, GroupElement
from equipoise.proofs.errors import Rejected
from equipoise.proofs.group import INFINITY, ORDER, G, H
from equipoise.proofs.header import Header
from equipoise.proofs.link import Link, check_link
from equipoise.proofs.opening import Opening, check_opening
from equipoise.proofs.receipt import Receipt, check_receipt
from equipoise.proofs.vectors.mutate import BEYOND_PRIME, NOT_ON_CURVE, ORDER_THREE, places
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, OPEN_TERMS, closed, full, mixed, orders
from equipoise.proofs.verify import Trust, check_bundle

FINAL = {"link-equation", "opening-buys", "opening-sells", "range-equation"}
NASTY = [INFINITY, ORDER_THREE, NOT_ON_CURVE, BEYOND_PRIME, b"\xff" * 48, bytes(48), ORDER.to_bytes(32, "big")]
NAMES = {1: "header", 2: "t0", 3: "link", 4: "opening", 5: "band", 6: "receipts", 7: "audit"}
TRUST = Trust(key=IDENTITY.public)


@dataclass(frozen=True)
class Target:
    """One object of one bundle, and how often it is drawn."""

    weight: int
    bundle: Bundle
    part: Framed


def check(bundle: Bundle, part: Framed) -> None:
    """The whole verifier's judgement of ``part`` in the bundle; parts before it are known to be good."""
    subject, link = bundle.subject, bundle.link
    assert link is not None
    if isinstance(part, Header):
        check_bundle(Bundle(part, bundle.t0), TRUST)
    elif isinstance(part, Attestation):
        check_bundle(Bundle(bundle.header, part), TRUST)
    elif isinstance(part, Link):
        check_link(subject, part)
    elif isinstance(part, Opening):
        check_opening(subject, part)
    elif isinstance(part, Band):
        check_band(subject, part)
    elif isinstance(part, Receipt):
        check_receipt(subject, link, part)
    else:
        assert isinstance(part, Audit)
        check_audit(subject, link, part)


def targets(weights: dict[int, int]) -> list[Target]:
    """The objects of an open and of a threshold window."""
    plain = full(closed(OPEN_TERMS, orders(mixed(2))), [(0, 1)])
    band = full(closed(BAND_TERMS, orders(mixed(2))), audit=False)
    every = [(plain, part) for part in plain.parts] + [(band, band.band)]
    return [Target(weights[p.TYPE], b, p) for b, p in every if p is not None and weights.get(p.TYPE)]


def changed(data: bytes, rng: random.Random) -> bytes:
    """Some bytes, changed in one of many ways."""
    out = bytearray(data)
    at = rng.randrange(len(out))
    kind = rng.randrange(9)
    if kind <= 2:
        out[at] ^= 1 << rng.randrange(8)
    elif kind == 3:
        out[at] = rng.randrange(256)
    elif kind == 4:
        del out[at : at + rng.randrange(1, 50)]
    elif kind == 5:
        out[at:at] = rng.randbytes(rng.randrange(1, 50))
    elif kind == 6:
        other, size = rng.randrange(len(out)), rng.randrange(1, 49)
        out[at : at + size], out[other : other + size] = out[other : other + size], out[at : at + size]
    elif kind == 7:
        nasty = rng.choice(NASTY)
        out[at : at + len(nasty)] = nasty
    else:
        del out[at:]
    return bytes(out)


def mutants(target: Target) -> Callable[[random.Random], bytes]:
    """Random bytes instead of the target's."""
    data = target.part.encode()
    fields = [p.start + 9 for p in places(target.part) if isinstance(p.kind, GroupElement)]

    def draw(rng: random.Random) -> bytes:
        if fields and rng.random() < 0.1:
            at, nasty = rng.choice(fields), rng.choice(NASTY[:6])
            return data[:at] + nasty + data[at + 48 :]
        return changed(data, rng)

    return draw


def well_formed(target: Target) -> Callable[[random.Random], bytes]:
    """Another point or scalar in one field of the target: it decodes, and only the mathematics can refuse it."""
    data = target.part.encode()
    step, now = G + G + H, G + H
    points = []
    for _ in range(500):
        now = now + step
        points.append(now.to_compressed_bytes())
    kinds = (GroupElement, FieldScalar)
    fields = [p for p in places(target.part) if isinstance(p.kind, kinds) and p.path.split("[")[0] not in SKIPPED]

    def draw(rng: random.Random) -> bytes:
        place = rng.choice(fields)
        start, end = place.start + 9, place.end + 9
        if isinstance(place.kind, FieldScalar):
            new = rng.randrange(ORDER).to_bytes(32, "big")
        elif rng.random() < 0.3:
            new = bytes([data[start] ^ 0x20]) + data[start + 1 : end]
        else:
            new = rng.choice(points)
        return data[:start] + new + data[end:]

    return draw


SKIPPED = {"sum_b", "sum_s", "path"}  # a hash refuses these first


def judge(target: Target, data: bytes) -> str:
    """The stage and the reason that refused, or ACCEPTED."""
    name = NAMES[target.part.TYPE]
    try:
        part = type(target.part).decode(data)
    except Rejected as fault:
        return f"decoding  {name:9} {fault.reason}"
    try:
        check(target.bundle, part)
    except Rejected as fault:
        return f"checking  {name:9} {fault.reason}"
    return "ACCEPTED"


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def run(count: int, seed: int, final: bool, said: Callable[[str], None] = say) -> Counter[str]:
    """``count`` mutations (with ``final``: that many which reach a last equation); their outcomes."""
    rng = random.Random(seed)
    chosen = targets({3: 40, 4: 50, 5: 2, 6: 8} if final else {1: 500, 2: 250, 3: 30, 4: 190, 5: 6, 6: 12, 7: 12})
    draws = [(well_formed if final else mutants)(t) for t in chosen]
    weights = [t.weight for t in chosen]
    originals = [t.part.encode() for t in chosen]
    outcomes: Counter[str] = Counter()
    start, done = time.process_time(), 0
    while done < count:
        (index,) = rng.choices(range(len(chosen)), weights)
        data = draws[index](rng)
        if data == originals[index]:
            continue
        outcome = judge(chosen[index], data)
        outcomes[outcome] += 1
        done += not final or outcome.split()[-1] in FINAL
        if outcome == "ACCEPTED":
            said(f"ACCEPTED: {data.hex()}")
        if sum(outcomes.values()) % 500_000 == 0:
            said(f"{done:,} after {time.process_time() - start:.0f} s of CPU")
    return outcomes


def report(outcomes: Counter[str]) -> Iterator[str]:
    """A line for each outcome, and the sums (a crash would have ended the run)."""
    for outcome, number in sorted(outcomes.items()):
        yield f"{outcome:45} {number:>12,}"
    yield f"{sum(outcomes.values()):,} mutations, {outcomes['ACCEPTED']} accepted, 0 crashes"


def verifying_code() -> str:
    """A digest of the modules that decode and check: what the counts of a shard are about."""
    folder = Path(equipoise.proofs.__path__[0])
    return sha256(b"".join((folder / f"{name}.py").read_bytes() for name in VERIFYING)).hexdigest()[:16]


VERIFYING = (
    *(
        "attestation",
        "audit",
        "band",
        "bundle",
        "codec",
        "digest",
        "elements",
        "errors",
        "generators",
        "group",
        "header",
        "history",
    ),
    *("link", "opening", "orders", "rangecheck", "rangeproof", "receipt", "statements", "transcript", "tree", "verify"),
)
SHARD = 250_000


def run_shards(count: int, seed: int, final: bool, path: Path) -> Counter[str]:
    """`run` in shards, each written to ``path`` when it is done; the sum of all of them."""
    code, total = verifying_code(), Counter[str]()
    lines = path.read_text().splitlines() if path.exists() else []
    done = {(x["code"], x["final"], x["seed"], x["count"]): x["outcomes"] for x in map(json.loads, lines)}
    for index, start in enumerate(range(0, count, SHARD)):
        size = min(SHARD, count - start)
        outcomes = done.get((code, final, seed + index, size))
        if outcomes is None:
            outcomes = dict(run(size, seed + index, final))
            line = {"code": code, "final": final, "seed": seed + index, "count": size, "outcomes": outcomes}
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
        total.update(outcomes)
    return total


def main() -> int:
    """Parse the command line; 1 if anything was accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=0)
    parser.add_argument("--final", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=Path)
    given = parser.parse_args()
    accepted = 0
    for count, final in ((given.mutations, False), (given.final, True)):
        if count:
            outcomes = (
                run_shards(count, given.seed, final, given.shards) if given.shards else run(count, given.seed, final)
            )
            print(*report(outcomes), sep="\n", flush=True)
            accepted += outcomes["ACCEPTED"]
    return 1 if accepted else 0


if __name__ == "__main__":
    sys.exit(main())
