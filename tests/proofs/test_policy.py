"""What must not be published although it could be proved; and the publisher that numbers and chains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from equipoise.proofs.digest import ZERO32
from equipoise.proofs.errors import LimitExceeded, PolicyRefused, SequenceReused
from equipoise.proofs.orders import Order
from equipoise.proofs.policy import PrivacyPolicy, check_exclusive
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.vectors.scenes import (
    BAND_TERMS,
    IDENTITY,
    LAX,
    MINUTE,
    OPEN_TERMS,
    closed,
    full,
    mixed,
    orders,
)
from equipoise.proofs.window import Window


def fresh(terms=OPEN_TERMS) -> Window:  # type: ignore[no-untyped-def]
    return Window(terms, IDENTITY.blinding, 0, MINUTE)


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


def test_late_orders_of_an_open_window_hide_behind_each_other_too() -> None:
    pub = publisher(replace(OPEN_TERMS, policy=PrivacyPolicy(2, 600_000)))
    placed = orders([(5, 4), (5, 4)])
    window = filled(pub.open(0, MINUTE), placed)
    pub.close(window)
    for lots, what in (
        ([(900, 0), (0, 0)], "fewer than 2"),  # one who orders nothing hides nobody
        ([(900, 1), (1, 1)], "600000 ppm of buys"),
        ([(1, 1), (1, 900)], "600000 ppm of sells"),
    ):
        late = [replace(o, offset=900 + i) for i, o in enumerate(orders(lots))]
        with pytest.raises(PolicyRefused, match=f"late orders' totals: .*{what}"):
            pub.revise(window, late)
    nameless = [replace(o, offset=900 + i, participant="") for i, o in enumerate(placed)]
    with pytest.raises(PolicyRefused, match="without participant"):
        pub.revise(window, nameless)


def test_traders_without_lots_are_not_counted() -> None:
    policy = PrivacyPolicy(3, 1_000_000)
    with pytest.raises(PolicyRefused, match="fewer than 3"):
        policy.check({"a": (5, 0), "b": (0, 5), "c": (0, 0)}, False)
    policy.check({"a": (5, 0), "b": (0, 5), "c": (1, 0)}, False)


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
