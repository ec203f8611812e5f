"""Windows: completeness at the boundaries, determinism, the switch to one leaf per trader, refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from equipoise.proofs.digest import ZERO32
from equipoise.proofs.errors import LimitExceeded, PolicyRefused, Refused
from equipoise.proofs.orders import Order
from equipoise.proofs.tree import EMPTY, top_of
from equipoise.proofs.vectors import scenes
from equipoise.proofs.vectors.scenes import (
    BAND_TERMS,
    IDENTITY,
    MINUTE,
    OPEN_TERMS,
    TOPIC,
    closed,
    full,
    mixed,
    orders,
)
from equipoise.proofs.verify import verify
from equipoise.proofs.window import Window, rebuild, terms_of


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17])
def test_every_size_is_complete(count: int) -> None:
    window = closed(OPEN_TERMS, orders(mixed(count)))
    bundle = full(window, [(0, i) for i in {0, count // 2, count - 1} if 0 <= i < count and count in (1, 2, 3, 5, 8)])
    verdict = verify(bundle.encode())
    assert verdict, verdict
    assert bundle.opening is not None
    assert (bundle.opening.buys, bundle.opening.sells) == (
        sum(b for b, _ in mixed(count)),
        sum(s for _, s in mixed(count)),
    )


@pytest.mark.parametrize(
    ("lots", "index"),
    [
        ([(0, 9)], 0),  # rho = -1
        ([(2, 0), (0, 8)], 1),  # exactly -6/10: the lower edge belongs to the band
        ([(199, 0), (0, 801)], 0),  # just below it
        ([(4, 0), (0, 6)], 2),  # exactly -2/10
        ([(6, 0), (0, 4)], 3),  # exactly 2/10
        ([(599, 0), (0, 401)], 2),  # just below
        ([(8, 0), (0, 2)], 4),  # exactly 6/10
        ([(9, 0)], 4),  # rho = 1 is in the last band
        ([(1, 0)], 4),  # v_min exactly
    ],
)
def test_band_at_its_edges(lots: list[tuple[int, int]], index: int) -> None:
    bundle = full(closed(BAND_TERMS, orders(lots)), audit=False)
    assert bundle.band is not None
    assert bundle.band.index == index
    assert verify(bundle.encode())


def test_band_needs_the_least_volume() -> None:
    for terms, lots in ((replace(BAND_TERMS, v_min=10), [(9, 0)]), (BAND_TERMS, [])):
        with pytest.raises(PolicyRefused, match="below v_min"):
            closed(terms, orders(lots))
        with pytest.raises(LimitExceeded, match="v_min"):
            full(closed(terms, orders(lots), honest=False))
    assert full(closed(replace(BAND_TERMS, v_min=9), orders([(9, 0)]))).band is not None


def test_closing_again_gives_the_same_bytes() -> None:
    placed = orders(mixed(20), lanes=3)
    one = closed(OPEN_TERMS, placed)
    assert closed(OPEN_TERMS, placed).t0.encode() == one.t0.encode()
    window = rebuild(one.header, placed, IDENTITY.blinding)
    first, second = (window.close(0, ZERO32, IDENTITY.signer) for _ in range(2))
    assert first.t0.encode() == second.t0.encode() == one.t0.encode()
    assert first.header == one.header
    assert terms_of(one.header) == OPEN_TERMS


def test_lanes_may_interleave_in_any_way() -> None:
    placed = orders(mixed(12), lanes=3)
    by_lane = sorted(placed, key=lambda o: (o.place, o.key))
    assert closed(OPEN_TERMS, placed).t0 == closed(OPEN_TERMS, by_lane).t0


def test_incremental_root_is_the_plain_one() -> None:
    window = closed(OPEN_TERMS, orders(mixed(23), lanes=3))
    top = top_of([[leaf.node for leaf in tree] for tree in window.trees])
    assert top.hash == window.top.hash
    assert top.encoded() == window.top.encoded()
    assert top_of([]) is EMPTY


def test_blindings_never_serve_two_contents() -> None:
    seen: dict[int, tuple[object, ...]] = {}
    base = orders(mixed(3))
    variants = [base, orders([(11, 0), *mixed(3)[1:]]), [replace(base[0], participant="other"), *base[1:]]]
    for number, placed in enumerate(variants):
        for minute, revision in ((0, 0), (0, 1), (1, 0)):
            for leaf in closed(OPEN_TERMS, placed, minute, 0, ZERO32, revision).leaves:
                for component, r in (("b", leaf.r_b), ("s", leaf.r_s)):
                    what = (minute, revision, leaf.key, leaf.content, leaf.buy, leaf.sell, component)
                    assert seen.setdefault(r, what) == what, number
    totals = [closed(OPEN_TERMS, placed, 0, s, p) for placed in variants for s, p in ((0, ZERO32), (1, b"\1" * 32))]
    assert len({t.r_b for t in totals} | {t.r_s for t in totals}) == 2 * len(totals)


def test_above_the_limit_one_leaf_per_trader() -> None:
    terms = replace(OPEN_TERMS, order_limit=6)
    at = closed(terms, orders(mixed(6)))
    above = closed(terms, orders(mixed(7), traders=3))
    assert (at.header.leaf_mode, at.header.leaves) == (0, 6)
    assert (above.header.leaf_mode, above.header.leaves) == (1, 3)
    assert sum(leaf.buy for leaf in above.leaves) == above.buys
    assert [leaf.key for leaf in above.leaves] == sorted(leaf.tag[:16] for leaf in above.leaves)
    verdict = verify(full(above, [(0, 1)]).encode())
    assert verdict
    assert any("one per trader" in sentence for sentence in verdict.attested)


def fresh(terms=OPEN_TERMS) -> Window:  # type: ignore[no-untyped-def]
    return Window(terms, IDENTITY.blinding, 0, MINUTE)


def test_orders_that_cannot_be_attested() -> None:
    order = orders([(5, 0)])[0]
    for change, what in (
        ({}, "not after"),
        ({"offset": 99}, "not after"),
        ({"offset": 200, "buy": 1 << 32}, "buy: must be in 0..4294967295"),
        ({"offset": 200, "sell": -1}, "sell: must be in 0.."),
        ({"offset": 1 << 64}, "offset"),
        ({"offset": 200, "item": 1 << 32}, "item"),
        ({"offset": 200, "event_time_ns": -1}, "event_time_ns"),
        ({"offset": 200, "participant": "Alice Smith"}, "participant"),
        ({"offset": 200, "order_id": "é"}, "order_id"),
        ({"offset": 200, "order_id": "o" * 65}, "65 characters"),
        ({"offset": 200, "signature": b"short"}, "signature"),
        ({"topic_id": bytes(15)}, "topic_id = 15"),
        ({"partition": 1 << 32}, "partition"),
    ):
        for terms in (OPEN_TERMS, replace(OPEN_TERMS, order_limit=1)):  # one leaf an order, one a trader
            window = fresh(terms)
            window.add(order)
            with pytest.raises(LimitExceeded, match=what):
                window.add(replace(order, **change))
            assert window.totals() == (5, 0)
            assert window.orders == [order]
            untouched = fresh(terms)
            untouched.add(order)
            for each in (window, untouched):
                each.add(replace(order, offset=200, partition=1))
            assert window.close(0, bytes(32), IDENTITY.signer).t0 == untouched.close(0, bytes(32), IDENTITY.signer).t0
    wide = fresh(replace(OPEN_TERMS, range_bits=64))
    wide.add(replace(order, buy=(1 << 52) - 1))
    with pytest.raises(LimitExceeded, match="buys of the window"):
        wide.add(replace(order, offset=200, buy=2))


def test_too_many_lanes() -> None:
    window = fresh()
    for partition in range(64):
        window.add(Order(TOPIC, partition, 1, 0, "t", "o", 0, 1, 0))
    with pytest.raises(LimitExceeded, match="lanes = 65"):
        window.add(Order(TOPIC, 64, 1, 0, "t", "o", 0, 1, 0))


def test_a_sibling_beyond_32_bits_needs_wide_receipts() -> None:
    lots = [(1, 0), ((1 << 32) - 1, 0), ((1 << 32) - 1, 0), (1, 0)]
    with pytest.raises(LimitExceeded, match=r"buys of the window \(range_bits 64 allows more\): .* 0..4294967295"):
        closed(OPEN_TERMS, orders(lots))
    assert verify(full(closed(replace(OPEN_TERMS, range_bits=64), orders(lots)), [(0, 0)], False).encode())


def test_cover_widens_the_ranges() -> None:
    window = fresh()
    window.add(orders([(5, 0)])[0])
    window.cover(TOPIC, 0, 50, 500)
    window.cover(TOPIC, 7, 1, 2)
    lanes = window.close(0, ZERO32, IDENTITY.signer).header.lanes
    assert [(x.partition, x.first, x.last, x.leaves) for x in lanes] == [(0, 50, 500, 1), (7, 1, 2, 0)]


def test_ranges_that_no_header_could_carry() -> None:
    window = fresh()
    for place, what in (
        ((TOPIC, 0, 5, 4), "first = 5"),
        ((TOPIC, 0, 0, 1 << 64), "last"),
        ((TOPIC, 1 << 32, 0, 1), "partition"),
        ((b"short", 0, 0, 1), "topic_id"),
    ):
        with pytest.raises(LimitExceeded, match=what):
            window.cover(*place)
    for partition in range(64):
        window.cover(TOPIC, partition, 0, 1)
    with pytest.raises(LimitExceeded, match="lanes = 65"):
        window.cover(TOPIC, 64, 0, 1)
    header = window.close(0, ZERO32, IDENTITY.signer).header
    assert type(header).from_body(header.body()) == header  # what is signed can be read


def test_gateway_must_have_signed() -> None:
    terms = replace(OPEN_TERMS, gateway=scenes.GATEWAY.public)
    order = orders([(5, 0)])[0]
    for bad in (order, replace(scenes.vouched(order, terms), buy=6), replace(order, signature=bytes(64))):
        with pytest.raises(Refused, match="gateway"):
            fresh(terms).add(bad)
    window = fresh(terms)
    window.add(scenes.vouched(replace(order, participant=""), terms))
    assert window.close(0, ZERO32, IDENTITY.signer).header.has_gateway
