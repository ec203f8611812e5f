"""Every single-field mutation of every object, generated from the format, with its accepted baseline.

For each mutation: the baseline is accepted, the mutation is refused, malformed or invalid as
its kind says, and nothing but the typed error escapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from equipoise.proofs import history as hi
from equipoise.proofs.bundle import PARTS, Bundle, frame_parts
from equipoise.proofs.codec import Framed
from equipoise.proofs.equivocation import Equivocation
from equipoise.proofs.errors import INVALID, MALFORMED
from equipoise.proofs.group import ORDER
from equipoise.proofs.vectors import scenes
from equipoise.proofs.vectors.mutate import Mutation, mutations, places
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, OPEN_TERMS, OTHER, closed, full, mixed, orders
from equipoise.proofs.verify import Verdict, verify

GATED = replace(OPEN_TERMS, gateway=scenes.GATEWAY.public)
BUNDLES = {
    "open": lambda: full(closed(OPEN_TERMS, orders(mixed(4), lanes=2)), [(0, 1)]),
    "band": lambda: full(closed(BAND_TERMS, orders(mixed(4))), audit=False),
    "traders": lambda: full(closed(replace(OPEN_TERMS, order_limit=2), orders(mixed(6), traders=2)), [(0, 0)]),
    "gateway": lambda: full(closed(GATED, [scenes.vouched(o, GATED) for o in orders(mixed(2))]), [(0, 1)], False),
}


def placed(bundle: Bundle, part: Framed, data: bytes) -> bytes:
    return frame_parts([data if other is part else other.encode() for other in bundle.parts])


def meant(mutation: Mutation, verdict: Verdict) -> bool:
    if mutation.place == "frame" and mutation.name in ("a byte more after it", "a byte less", "length plus one"):
        return verdict.verdict == "malformed"
    if mutation.reason == "content":
        return verdict.reason == "content"
    return verdict.reason == mutation.reason if mutation.reason else verdict.reason in MALFORMED | INVALID


@pytest.mark.parametrize("name", BUNDLES)
def test_every_field_of_a_bundle(name: str) -> None:
    bundle = BUNDLES[name]()
    assert verify(bundle.encode())
    counts: Counter[str] = Counter()
    for part in bundle.parts:
        for mutation in mutations(part):
            verdict = verify(placed(bundle, part, mutation.data))
            assert not verdict, f"{type(part).__name__}.{mutation.place}: {mutation.name} was accepted"
            assert meant(mutation, verdict), f"{mutation.place}: {mutation.name}: {verdict}"
            counts[verdict.reason] += 1
    assert sum(counts.values()) > 250
    print(name, dict(counts.most_common()))


def test_every_field_of_equivocation_and_history() -> None:
    one, two = closed(OPEN_TERMS, orders(mixed(2))).t0, closed(OPEN_TERMS, orders(mixed(3))).t0
    grown = hi.add(hi.begin(IDENTITY.signer, 0), IDENTITY.signer, OTHER.signer, 5)
    for baseline in (Equivocation(one, two), hi.revoke(grown, OTHER.signer, IDENTITY.public, 9)):
        assert verify(baseline.encode())
        for mutation in mutations(baseline):
            verdict = verify(mutation.data)
            assert not verdict, f"{mutation.place}: {mutation.name}"
            if mutation.place != "frame":
                assert meant(mutation, verdict), f"{mutation.place}: {mutation.name}: {verdict}"


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    for position in range(len(data)):
        for bit in (0x01, 0x80):
            changed = bytearray(data)
            changed[position] ^= bit
            yield position, bytes(changed)


@pytest.mark.parametrize("part_type", [1, 2, 3, 4])
def test_each_byte_of_the_small_objects(part_type: int) -> None:
    bundle = BUNDLES["open"]()
    part = next(p for p in bundle.parts if part_type == p.TYPE)
    slim = replace(bundle, receipts=(), audit=None)
    assert verify(slim.encode())
    for position, data in flips(part.encode()):
        verdict = verify(placed(slim, part, data))
        assert not verdict, f"{type(part).__name__}: byte {position}"


def test_truncation_anywhere_is_malformed() -> None:
    data = BUNDLES["open"]().encode()
    for size in range(0, len(data), 7):
        verdict = verify(data[:size])
        assert verdict.verdict == "malformed"


def test_exchanged_neighbours_are_refused() -> None:
    bundle = BUNDLES["band"]()
    band = bundle.band
    assert band is not None
    same_kind: dict[type, list[int]] = {}
    every = list(places(band))
    for index, place in enumerate(every):
        same_kind.setdefault(type(place.kind), []).append(index)
    body = band.body()
    for indices in same_kind.values():
        for a, b in pairwise(indices):
            one, two = every[a], every[b]
            if one.end - one.start != two.end - two.start or body[one.start : one.end] == body[two.start : two.end]:
                continue
            changed = bytearray(body)
            changed[one.start : one.end], changed[two.start : two.end] = (
                body[two.start : two.end],
                body[one.start : one.end],
            )
            data = band.encode()[:9] + bytes(changed)
            assert not verify(placed(bundle, band, data)), f"{one.path} and {two.path}"


def test_every_part_type_is_covered() -> None:
    seen = {part.TYPE for name in BUNDLES for part in BUNDLES[name]().parts}
    assert seen == set(PARTS)


def test_scalars_beyond_the_order_do_not_verify_as_their_remainder() -> None:
    bundle = BUNDLES["open"]()
    opening = bundle.opening
    assert opening is not None
    body = opening.body()
    grown = body[:48] + (opening.r_b + ORDER).to_bytes(32, "big") + body[80:]
    assert verify(placed(bundle, opening, opening.encode()[:9] + grown)).reason == "scalar-range"
