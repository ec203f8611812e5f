import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.inclusion import InclusionSettings, inclusion_ppm, outbids, percentile_ppm
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.processors.pending import PendingPool, PendingSettings
from equipoise.processors.pending_records import PoolTarget
from equipoise.schemas import codec
from equipoise.schemas.enums import Cause, Outcome
from equipoise.schemas.ids import intent_id
from tests.measures.agreement import agree

MS = 1_000_000
START = 1_767_571_200_000_000_000
POOL, OTHER_POOL, STRANGE_POOL = "0x" + "aa" * 20, "0x" + "bb" * 20, "0x" + "cc" * 20


def instruments():
    table = Instruments()
    table.add(Instrument("POOL", "ETH-USD", Decimal("0.25"), Decimal("0.1")))
    table.add(Instrument("POOL", "BTC-USD", Decimal(1), Decimal("0.01")))
    return table


SETTINGS = PendingSettings(
    pools={POOL: PoolTarget("POOL:ETH-USD"), OTHER_POOL: PoolTarget("POOL:BTC-USD", inverted=True)},
    max_age_ms=60_000,
    max_transactions=6,
    max_remembered=1_000,
)


def leg(side="BID", amount="5.07", pool=POOL, venue="", symbol=""):
    return {"venue": venue, "symbol": symbol, "pool": pool, "side": side, "amount": amount}


def record(hash_, state="SEEN", sender="0xs", nonce=0, fee=100, tip=10, at_ms=0, legs=None):
    return {
        "hash": hash_,
        "state": state,
        "sender": sender,
        "nonce": nonce,
        "max_fee_per_gas": fee,
        "max_priority_fee_per_gas": tip,
        "legs": [leg()] if legs is None else legs,
        "event_time_ns": START + at_ms * MS,
        "arrival_time_ns": START + at_ms * MS + 1,
    }


def pool(**changes):
    return PendingPool(instruments(), replace(SETTINGS, **changes))


class SlowPool:
    """The rules once more, with nothing but lists that are searched from the start."""

    def __init__(self):
        self.now = 0
        self.waiting = []  # [record, seen_ns, steps, expected by leg]
        self.over = set()
        self.live = {}  # intent id -> (instrument, side, expected)

    def expected(self, item):
        tips = [w[0]["max_priority_fee_per_gas"] for w in self.waiting]
        tip = item[0]["max_priority_fee_per_gas"]
        rank = Fraction(2 * sum(t < tip for t in tips) + sum(t == tip for t in tips), 2 * len(tips))
        percentile = int(rank * 1_000_000)
        ppm = (350_000 + 600_000 * percentile // 1_000_000) // 2 ** item[2]
        for number, swap in enumerate(item[0]["legs"]):
            if swap["pool"] == STRANGE_POOL:
                continue
            eth = swap["pool"] == POOL
            lots = int(Decimal(swap["amount"]) / (Decimal("0.1") if eth else Decimal("0.01")))
            if lots:
                side = swap["side"] if eth else {"BID": "ASK", "ASK": "BID"}[swap["side"]]
                name = "POOL:ETH-USD" if eth else "POOL:BTC-USD"
                self.live[intent_id(item[0]["hash"], number)] = (name, side, lots * ppm // 1_000_000)

    def end(self, item, over):
        self.waiting.remove(item)
        if over:
            self.over.add(item[0]["hash"])
        for number in range(len(item[0]["legs"])):
            self.live.pop(intent_id(item[0]["hash"], number), None)

    def time(self):
        while True:
            due = []
            for place, item in enumerate(self.waiting):
                at = min(item[1] + 12_000 * MS * 2 ** item[2], item[1] + 60_000 * MS)
                if at <= self.now:
                    due.append((at, place, item))
            if not due:
                return
            item = min(due, key=lambda d: d[:2])[2]
            if self.now >= item[1] + 60_000 * MS:
                self.end(item, over=False)
            else:
                item[2] += 1
                self.expected(item)

    def find(self, **wanted):
        for item in self.waiting:
            if all(item[0][k] == v for k, v in wanted.items()):
                return item
        return None

    def step(self, r):
        self.now = max(self.now, r["event_time_ns"])
        self.time()
        same, rival = self.find(hash=r["hash"]), self.find(sender=r["sender"], nonce=r["nonce"])
        if r["state"] == "SEEN":
            return self.seen(r, same, rival)
        if r["state"] == "INCLUDED":
            if same or rival:
                self.end(same or rival, over=True)
            self.over.add(r["hash"])
            return bool(same or rival)
        if same:
            self.end(same, over=r["state"] == "REPLACED")
        return bool(same)

    def seen(self, r, same, rival):
        if same or r["hash"] in self.over:
            return False
        if not rival and not [s for s in r["legs"] if s["pool"] != STRANGE_POOL]:
            return False
        if rival:
            for name in ("max_fee_per_gas", "max_priority_fee_per_gas"):
                if Fraction(r[name]) < Fraction(11, 10) * rival[0][name]:
                    return False
            self.end(rival, over=True)
        if len(self.waiting) == 6:
            self.end(self.waiting[0], over=False)
        item = [r, r["event_time_ns"], 0, {}]
        self.waiting.append(item)
        self.expected(item)
        return True


def fold(live, intents):
    """What a downstream consumer holds after these intents."""
    for intent in intents:
        assert codec.decode("SwapIntent", codec.encode("SwapIntent", intent)) == intent
        if intent["action"] == "INTENT":
            live[intent["intent_id"]] = (
                f"{intent['venue']}:{intent['symbol']}",
                intent["side"],
                intent["expected"],
            )
        else:
            assert intent["expected"] == 0
            assert intent["inclusion_probability"] == 0
            assert live.pop(intent["intent_id"], None) is not None, "only what was announced is retracted"


LEGS = st.lists(
    st.builds(
        leg,
        side=st.sampled_from(["BID", "ASK"]),
        amount=st.sampled_from(["0.01", "0.1", "1", "3.33", "120.5"]),
        pool=st.sampled_from([POOL, POOL, OTHER_POOL, STRANGE_POOL]),
    ),
    max_size=3,
)
RECORDS = st.lists(
    st.builds(
        record,
        hash_=st.sampled_from([f"0x{i}" for i in range(12)]),
        state=st.sampled_from(["SEEN"] * 5 + ["REPLACED", "INCLUDED", "DROPPED", "EXPIRED"]),
        sender=st.sampled_from(["0xa", "0xb", "0xc", "0xd"]),
        nonce=st.integers(0, 2),
        fee=st.sampled_from([0, 99, 100, 109, 110, 121, 200]),
        tip=st.sampled_from([0, 9, 10, 11, 12, 13, 30]),
        at_ms=st.integers(0, 200_000),
        legs=LEGS,
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(RECORDS, st.booleans())
def test_it_agrees_with_a_slow_replay(records, in_order):
    if in_order:
        records = sorted(records, key=lambda r: r["event_time_ns"])
    mine, slow, live = pool(), SlowPool(), {}
    for r in records:
        step = mine.step(r)
        used = slow.step(r)
        fold(live, step.intents)
        assert (step.outcome == Outcome.USED) == used
        assert live == slow.live
        lots = [[terms[2] for _, terms in sorted(held.items())] for held in (live, slow.live)]
        agree("pending", "expected lots of a slow replay of the pool", *lots, allowed=0)
        assert len(mine) == len(slow.waiting)


@settings(max_examples=150, deadline=None)
@given(RECORDS, st.data())
def test_a_cut_with_dump_and_load_changes_no_byte(records, data):
    cut = data.draw(st.integers(0, len(records)))
    whole, first, second = pool(), pool(), pool()
    expected = [json.dumps(whole.step(r)) for r in records]
    got = [json.dumps(first.step(r)) for r in records[:cut]]
    second.load(first.dump())
    got += [json.dumps(second.step(r)) for r in records[cut:]]
    assert got == expected
    assert second.dump() == whole.dump()


@settings(max_examples=150, deadline=None)
@given(RECORDS, st.sampled_from(["INCLUDED", "DROPPED", "REPLACED"]))
def test_when_all_have_ended_nothing_is_pending(records, how):
    mine, live = pool(), {}
    for r in records:
        fold(live, mine.step(r).intents)
    for r in records:
        fold(live, mine.step({**r, "state": how}).intents)
    assert len(mine) == 0
    assert live == {}


@settings(max_examples=100, deadline=None)
@given(RECORDS)
def test_time_alone_ends_everything(records):
    mine, live = pool(), {}
    for r in records:
        fold(live, mine.step(r).intents)
    fold(live, mine.step(record("0xlast", state="DROPPED", at_ms=300_000)).intents)
    assert len(mine) == 0
    assert live == {}


@pytest.mark.parametrize(
    ("fee", "tip", "cause"),
    [
        (110, 11, Cause.NONE),  # a tenth more, exactly
        (109, 11, Cause.UNDERPRICED),
        (110, 10, Cause.UNDERPRICED),
        (10**18, 10, Cause.UNDERPRICED),
        (111, 12, Cause.NONE),
    ],
)
def test_replacement_needs_a_tenth_more_of_both(fee, tip, cause):
    mine = pool()
    mine.step(record("0x1", fee=100, tip=10))
    step = mine.step(record("0x2", fee=fee, tip=tip, at_ms=5))
    assert step.cause == cause
    if cause == Cause.NONE:
        assert [(i["action"], i["state"], i["transaction"]) for i in step.intents] == [
            ("RETRACT", "REPLACED", "0x1"),
            ("INTENT", "SEEN", "0x2"),
        ]
        assert step.intents[1]["replaces"] == step.intents[0]["intent_id"]
    else:
        assert step.intents == []


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_the_boundary_is_exact_at_any_size(old, new):
    assert outbids(new, new, old, old) == (Fraction(new) >= Fraction(11, 10) * old)


def test_a_cancellation_without_swaps_takes_the_place_of_a_swap():
    mine = pool()
    mine.step(record("0x1"))
    step = mine.step(record("0x2", fee=200, tip=20, legs=[]))
    assert [(i["action"], i["state"]) for i in step.intents] == [("RETRACT", "REPLACED")]
    assert mine.step(record("0x3", fee=210, tip=21)).cause == Cause.UNDERPRICED


def test_an_included_rival_ends_who_held_its_nonce():
    mine = pool()
    mine.step(record("0x1", nonce=4))
    step = mine.step(record("0x9", state="INCLUDED", nonce=4, legs=[]))
    assert [(i["transaction"], i["state"]) for i in step.intents] == [("0x1", "REPLACED")]
    assert mine.step(record("0x9", nonce=5)).cause == Cause.DUPLICATE_ORDER


def test_expected_lots_are_floored_and_fall_with_age():
    mine = pool()
    first = mine.step(record("0x1", legs=[leg(amount="5.07")])).intents[0]
    assert (first["amount"], first["inclusion_probability"], first["expected"]) == (50, 0.65, 32)
    later = mine.step(record("0x2", state="DROPPED", at_ms=12_000)).intents[0]
    assert (later["inclusion_probability"], later["expected"]) == (0.325, 16)
    assert later["event_time_ns"] == START + 12_000 * MS


def test_tips_order_the_probabilities():
    tips = [1, 5, 5, 9]
    ranks = [percentile_ppm(tips, t) for t in (1, 5, 9)]
    assert ranks == [125_000, 500_000, 875_000]
    assert [inclusion_ppm(r, 0, InclusionSettings()) for r in ranks] == [425_000, 650_000, 875_000]


def test_an_inverted_pool_turns_the_direction():
    mine = pool()
    intents = mine.step(record("0x1", legs=[leg("BID"), leg("BID", "0.5", OTHER_POOL)])).intents
    assert [(i["symbol"], i["side"], i["amount"]) for i in intents] == [("ETH-USD", "BID", 50), ("BTC-USD", "ASK", 50)]


def test_an_unlisted_pool_falls_back_to_the_legs_own_instrument():
    mine = pool()
    named = leg(pool=STRANGE_POOL, venue="POOL", symbol="ETH-USD")
    assert mine.step(record("0x1", legs=[named])).intents[0]["symbol"] == "ETH-USD"
    unknown = leg(pool=STRANGE_POOL, venue="POOL", symbol="DOGE-USD")
    assert mine.step(record("0x2", nonce=1, legs=[unknown])).cause == Cause.UNKNOWN_INSTRUMENT


def test_at_the_limit_the_longest_pending_makes_room():
    mine = pool(max_transactions=2)
    for i in range(3):
        step = mine.step(record(f"0x{i}", nonce=i, at_ms=i))
    assert len(mine) == 2
    assert mine.evicted == 1
    assert (step.intents[0]["transaction"], step.intents[0]["state"]) == ("0x0", "EXPIRED")


def test_churn_does_not_grow_what_is_kept():
    mine = pool(max_remembered=10)
    for i in range(20_000):
        mine.step(record(f"0x{i}", nonce=i))
        mine.step(record(f"0x{i}", nonce=i, state="DROPPED" if i % 2 else "INCLUDED"))
    assert len(mine.dump()[""]) < 500
    assert len(mine._due) < 1_100
    assert len(mine._ended) == 10


@pytest.mark.parametrize(
    ("change", "cause", "names"),
    [
        ({"hash": ""}, Cause.MISSING_FIELD, "hash"),
        ({"hash": 7}, Cause.MISTYPED, "hash"),
        ({"state": "GONE"}, Cause.UNKNOWN_WORD, "state"),
        ({"nonce": -1}, Cause.QUANTITY_RANGE, "nonce"),
        ({"nonce": "4"}, Cause.MISTYPED, "nonce"),
        ({"max_fee_per_gas": 2**63}, Cause.QUANTITY_RANGE, "max_fee_per_gas"),
        ({"event_time_ns": 0}, Cause.TIMESTAMP_RANGE, "event_time_ns"),
        ({"event_time_ns": START + 11_000 * MS}, Cause.TIMESTAMP_AHEAD, "event_time_ns"),
        ({"legs": [leg(amount="-1")]}, Cause.QUANTITY_RANGE, "legs[0].amount"),
        ({"legs": [leg(amount="NaN")]}, Cause.QUANTITY_RANGE, "legs[0].amount"),
        ({"legs": [leg(amount="1e79")]}, Cause.QUANTITY_RANGE, "legs[0].amount"),
        ({"legs": [leg(amount="1e999999999")]}, Cause.QUANTITY_RANGE, "legs[0].amount"),
        ({"legs": [leg(amount="five")]}, Cause.MISTYPED, "legs[0].amount"),
        ({"legs": [leg(amount="1" * 101)]}, Cause.QUANTITY_RANGE, "legs[0].amount"),
        ({"legs": [leg(amount=5)]}, Cause.MISTYPED, "legs[0].amount"),
        ({"legs": [leg(side="NONE")]}, Cause.UNKNOWN_WORD, "legs[0].side"),
        ({"legs": ["swap"]}, Cause.MISTYPED, "legs[0]"),
        ({"legs": "swap"}, Cause.MISTYPED, "legs"),
        ({"legs": [leg()] * 257}, Cause.TOO_LARGE, "legs"),
    ],
)
def test_what_cannot_be_true_is_refused_by_name_and_changes_nothing(change, cause, names):
    mine = pool()
    mine.step(record("0x1"))
    before = mine.dump()
    step = mine.step({**record("0x2", nonce=1), **change})
    assert (step.outcome, step.cause) == (Outcome.DEAD, cause)
    assert names in step.detail
    assert mine.dump() == before


def test_a_dump_of_another_layout_is_refused():
    with pytest.raises(ValueError, match="layout"):
        pool().load({"": b'{"layout":9}'})


@pytest.mark.parametrize("bad", [{"least_ppm": -1}, {"most_ppm": 1_000_001}, {"age_step_ms": 0}])
def test_bad_inclusion_settings_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        InclusionSettings(**bad)


@pytest.mark.parametrize("name", ["max_age_ms", "max_transactions", "max_remembered"])
def test_bad_limits_are_named(name):
    with pytest.raises(ValueError, match=name):
        PendingSettings(**{name: 0})
