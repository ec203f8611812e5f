"""Windows: completeness at the boundaries, determinism, the switch to one leaf per trader, refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from equipoise.proofs.digest import ZERO32
from equipoise.proofs.errors import LimitExceeded, PolicyRefused, Refused, SequenceReused
from equipoise.proofs.orders import Order
from equipoise.proofs.policy import PrivacyPolicy, check_exclusive
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.tree import EMPTY, top_of
from equipoise.proofs.vectors import scenes
from equipoise.proofs.vectors.scenes import (
    BAND_TERMS,
    IDENTITY,
    LAX,
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


# --- policy -------------------------------------------------------------------------------


def test_too_few_traders() -> None:
    policy = PrivacyPolicy(min_traders=3, dominance_ppm=1_000_000)
    terms = replace(OPEN_TERMS, policy=policy)
    with pytest.raises(PolicyRefused, match="fewer than 3"):
        closed(terms, orders([(1, 0), (1, 0)]))
    assert closed(terms, orders([(1, 0), (1, 0), (1, 0)]))


def test_one_trader_dominates() -> None:
    terms = replace(OPEN_TERMS, policy=PrivacyPolicy(1, 600_000))
    with pytest.raises(PolicyRefused, match="of buys"):
        closed(terms, orders([(601, 0), (399, 0), (0, 1), (0, 1)], traders=2))
    with pytest.raises(PolicyRefused, match="of sells"):
        closed(terms, orders([(6, 0), (4, 0), (0, 601), (0, 399)], traders=2))
    assert closed(terms, orders([(600, 0), (400, 0), (0, 5), (0, 5)], traders=2))


def test_refusals_name_no_value() -> None:
    with pytest.raises(PolicyRefused) as caught:
        closed(replace(OPEN_TERMS, policy=PrivacyPolicy(1, 500_000)), orders([(987654, 0), (3, 0)]))
    assert "987654" not in str(caught.value)


def test_orders_without_participant_need_a_gateway() -> None:
    with pytest.raises(PolicyRefused, match="participant"):
        closed(OPEN_TERMS, [replace(orders([(5, 0)])[0], participant="")])


def test_exclusivity_of_threshold_mode() -> None:
    check_exclusive(0, {"buy_volume"})
    check_exclusive(1, {"regime", "half_spread"})
    with pytest.raises(PolicyRefused, match="buy_volume, imbalance"):
        check_exclusive(1, {"imbalance", "buy_volume", "regime"})


def test_policy_bounds() -> None:
    with pytest.raises(LimitExceeded, match="min_traders = -1"):
        PrivacyPolicy(min_traders=-1)
    with pytest.raises(LimitExceeded, match="dominance_ppm = 0"):
        PrivacyPolicy(dominance_ppm=0)


def test_terms_that_contradict_each_other() -> None:
    for change in ({"q": 10}, {"edges": (-1, 2)}, {"v_min": 1}, {"lot": "0.10"}, {"lot": "0"}, {"instrument": "AMZN"}):
        with pytest.raises(LimitExceeded):
            fresh(replace(OPEN_TERMS, **change))
    for edges in ((-10, 11, 12), (-9, 11), (-10, 10), (-10, 0, 0, 11), (-10,)):
        with pytest.raises(LimitExceeded):
            fresh(replace(BAND_TERMS, edges=edges))
    with pytest.raises(LimitExceeded, match=r"header\.stream: .*printable"):
        fresh(replace(OPEN_TERMS, stream="two words"))


# --- publisher ----------------------------------------------------------------------------


def publisher(terms=OPEN_TERMS) -> Publisher:  # type: ignore[no-untyped-def]
    return Publisher(terms, IDENTITY.blinding, IDENTITY.signer)


def filled(window: Window, placed: list[Order]) -> Window:
    for order in placed:
        window.add(order)
    return window


def test_windows_tumble() -> None:
    pub = publisher()
    pub.close(filled(pub.open(0, MINUTE), orders(mixed(3))))
    with pytest.raises(PolicyRefused, match="overlap"):
        pub.open(MINUTE - 1, 2 * MINUTE)
    stale = pub.open(2 * MINUTE, 3 * MINUTE)
    pub.close(filled(pub.open(3 * MINUTE, 4 * MINUTE), orders(mixed(2))))
    with pytest.raises(PolicyRefused, match="overlap"):
        pub.close(stale)


def test_state_survives_a_restart_and_repeats_the_bytes() -> None:
    pub = publisher()
    pub.close(filled(pub.open(0, MINUTE), orders(mixed(3))))
    saved = State.from_body(pub.state.body())
    one = pub.close(filled(pub.open(MINUTE, 2 * MINUTE), orders(mixed(4))))
    again = publisher().with_state(saved)
    two = again.close(filled(again.open(MINUTE, 2 * MINUTE), orders(mixed(4))))
    assert one.t0.encode() == two.t0.encode()
    assert pub.state == again.state


def test_closing_a_closed_window_is_refused() -> None:
    pub = publisher()
    window = filled(pub.open(0, MINUTE), orders(mixed(3)))
    pub.close(window)
    with pytest.raises(SequenceReused, match="revise"):
        pub.close(window)


def test_merge_after_a_refusal() -> None:
    pub = publisher(replace(OPEN_TERMS, policy=PrivacyPolicy(3, 1_000_000)))
    window = filled(pub.open(0, MINUTE), orders(mixed(2)))
    with pytest.raises(PolicyRefused):
        pub.close(window)
    assert pub.state.sequence == 0
    longer = pub.merge(window, 2 * MINUTE)
    longer.add(replace(orders(mixed(3))[2], offset=900))
    header = pub.close(longer).header
    assert (header.window_start, header.window_end, header.leaves) == (0, 2 * MINUTE, 3)


def test_revisions() -> None:
    pub = publisher(replace(BAND_TERMS, policy=LAX))
    window = filled(pub.open(0, MINUTE), orders(mixed(3)))
    first = pub.close(window)
    late = replace(orders(mixed(1))[0], offset=900, participant="late")
    revised = pub.revise(window, [late])
    second = pub.close(revised)
    assert (second.header.revision, second.t0.sequence, second.header.leaves) == (1, 1, 4)
    assert second.t0.previous == first.t0.digest
    assert {leaf.node.hash for leaf in first.leaves}.isdisjoint(leaf.node.hash for leaf in second.leaves)
    with pytest.raises(PolicyRefused, match="the last one closed is 1"):
        pub.close(revised)
    unknown = Window(pub.terms, IDENTITY.blinding, 5 * MINUTE, 6 * MINUTE, 1)
    with pytest.raises(PolicyRefused, match="the last one closed is none"):
        pub.close(unknown)


def test_open_mode_revision_needs_enough_late_traders() -> None:
    policy = PrivacyPolicy(2, 1_000_000)
    pub = publisher(replace(OPEN_TERMS, policy=policy))
    window = filled(pub.open(0, MINUTE), orders(mixed(3)))
    pub.close(window)
    late = [replace(o, offset=900 + i) for i, o in enumerate(orders(mixed(2)))]
    with pytest.raises(PolicyRefused, match="late"):
        pub.revise(window, late[:1])
    assert pub.close(pub.revise(window, late)).header.revision == 1


def test_nothing_secret_in_any_repr() -> None:
    window = fresh()
    order = replace(orders([(987654, 0)])[0], participant="somebody-secret", order_id="order-secret")
    window.add(order)
    done = window.close(0, ZERO32, IDENTITY.signer)
    bundle = full(done, [(0, 0)])
    shown = " ".join(
        map(repr, [window, order, done, done.leaves[0], bundle.receipts[0], bundle.audit, IDENTITY, pub()])
    )
    for secret in ("987654", "secret", str(done.r_b), IDENTITY.blinding.secret.hex()):
        assert secret not in shown


def pub() -> object:
    return IDENTITY.blinding
