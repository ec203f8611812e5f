"""Both verifiers, asked about the same made-up bytes: one verdict, one reason (EQUIPOISE_AGREE sets how many)."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import cache

from benchmarks.proofs_fuzz import changed
from equipoise.proofs.bundle import frame_parts
from equipoise.proofs.codec import MAGIC
from equipoise.proofs.history import add, begin, retire
from equipoise.proofs.independent import api
from equipoise.proofs.vectors.mutate import mutations
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, MINUTE, OPEN_TERMS, OTHER, closed, full, mixed, orders
from equipoise.proofs.vectors.signatures import signatures
from equipoise.proofs.verify import verify
from tests.proofs.headers import Maker

COUNT = int(os.environ.get("EQUIPOISE_AGREE", "400"))


@cache
def parts() -> list[list[bytes]]:
    """The parts of a few bundles, with every single-field mutation of each part as a variant."""
    plain = full(closed(OPEN_TERMS, orders(mixed(2))), [(0, 0), (0, 1)])
    band = full(closed(BAND_TERMS, orders(mixed(1))), audit=False)
    return [
        [p.encode(), *(m.data for m in mutations(p))] for p in [*plain.parts, band.band, band.header] if p is not None
    ]


def history() -> bytes:
    both = add(begin(IDENTITY.signer, 0), IDENTITY.signer, OTHER.signer, MINUTE)
    return retire(both, OTHER.signer, IDENTITY.public, 2 * MINUTE).encode()


def made_up(rng: random.Random) -> bytes:
    """A bundle with several faults at once: parts missing, doubled, exchanged, malformed, bytes changed."""
    variants = parts()
    chosen = [v for v in variants[:-2] if rng.random() < 0.8]
    if rng.random() < 0.3:
        chosen.insert(rng.randrange(len(chosen) + 1), rng.choice(variants))
    if rng.random() < 0.2:
        rng.shuffle(chosen)
    data = frame_parts([v[0] if rng.random() < 0.75 else rng.choice(v) for v in chosen])
    if rng.random() < 0.4:
        data = changed(data, rng)
    if rng.random() < 0.2:
        body = data[9:] + rng.randbytes(rng.randrange(1, 4))
        data = data[:5] + (len(body) + rng.choice((0, 0, -1, 1)) & 0xFFFFFFFF).to_bytes(4, "big") + body
    return data


def agree(data: bytes, **trust: bytes) -> str:
    fast, slow = verify(data, **trust), api.verify(data, **trust)
    assert (fast.verdict, fast.reason) == (slow.verdict, slow.reason), (fast, slow, data.hex(), trust)
    return fast.reason or fast.verdict


def test_bundles_with_several_faults() -> None:
    rng = random.Random(int(os.environ.get("EQUIPOISE_SEED", "5")))
    trusts: list[dict[str, bytes]] = [{}, {"history": history()}, {"key": IDENTITY.public}, {"key": OTHER.public}]
    seen = {agree(made_up(rng), **rng.choice(trusts)) for _ in range(COUNT)}
    assert len(seen) > 12


def test_histories_and_evidence_with_several_faults() -> None:
    rng = random.Random(6)
    held = history()
    evidence = next(data for name, data, _ in signatures() if name.startswith("evidence"))
    for _ in range(COUNT // 4):
        data = changed(changed(rng.choice((held, evidence)), rng), rng)
        agree(data)
        agree(evidence, history=data)


def test_short_bytes() -> None:
    rng = random.Random(7)
    for size in range(12):
        for head in (b"", b"EQP1", b"EQP1\x0a", b"EQP1\x0a\0\0\0\2"):
            agree((head + rng.randbytes(12))[:size])


def test_headers_of_every_kind() -> None:
    maker, t0 = Maker(random.Random(int(os.environ.get("EQUIPOISE_SEED", "8")))), closed(OPEN_TERMS).t0.encode()
    seen = Counter(agree(frame_parts([framed(maker.body()), t0])) for _ in range(2 * COUNT))
    assert set(seen) == {"bad-value", "bad-text", "bad-version", "truncated", "trailing-bytes", "header-mismatch"}
    assert seen["header-mismatch"] > COUNT / 2  # that many were well-formed


def framed(body: bytes) -> bytes:
    return MAGIC + b"\1" + len(body).to_bytes(4, "big") + body
