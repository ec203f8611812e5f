"""The example pricing service quotes by the signals' contract, and pulls its quotes when it must."""

import pytest

from equipoise.schemas.enums import Cap, Kind, Reason, Rebalance, Regime, Status, Trigger
from equipoise.schemas.signals import ScoreComponent, SpreadSignal
from equipoise.streams.example_pricing import Desk, run

STAMP = 1_700_000_000_000_000_000


def spread_signal(**changes):
    """A usable signal about a mid of 10,000 in ticks of 0.01, with changes."""
    ofi = ScoreComponent("OFI", 0.8, 0.35, 0.28, 1.0, 0.8, STAMP, Reason.NONE)
    values = {
        "id": "SIM:BTC-USD/live/7", "revision": 0, "kind": Kind.LIVE, "venue": "SIM", "symbol": "BTC-USD",
        "status": Status.OK, "reasons": (), "regime": Regime.STRESSED, "as_of_ns": STAMP, "catching_up": False,
        "trigger": Trigger.REGIME, "valid_until_ns": STAMP + 2_000_000_000, "rebalance": Rebalance.NONE,
        "policy_version": 1, "score": 0.28, "components": (ofi,), "tick": "0.01", "reference_mid": 1e6,
        "reference_mid_ns": STAMP, "last_good_mid": 1e6, "last_good_mid_ns": STAMP, "last_id": None, "silence_ns": None,
        "bid_half_spread": 300.0, "ask_half_spread": 500.0, "bid_half_spread_bps": 3.0, "ask_half_spread_bps": 5.0,
        "widen_factor": 2.0, "skew_bps": 1.0, "binding_cap": Cap.NONE,
    }  # fmt: skip
    return SpreadSignal(**values | changes)


def test_widens_and_leans():
    quote = Desk(base_bps=2.0).quote(spread_signal(), STAMP)
    assert quote is not None
    assert quote.ask - quote.bid == pytest.approx(2 * 10_000 * 2e-4 * 2)
    assert (quote.ask + quote.bid) / 2 == pytest.approx(10_000 * 1.0001)
    assert quote.why == "stressed ×2.00 +1.00 bps: score +0.28 (buyers), most of it from OFI (+0.28)"


@pytest.mark.parametrize(
    "change", [{"status": Status.HALTED}, {"reference_mid": None}, {"widen_factor": None}, {"catching_up": True}]
)
def test_pulls_quotes(change):
    desk = Desk()
    assert desk.quote(spread_signal(**change), STAMP) is None
    assert set(desk.pulled) == {"SIM:BTC-USD"}
    assert desk.quote(spread_signal(), STAMP) is not None
    assert desk.pulled == {}


def test_a_heartbeat_neither_moves_nor_pulls_a_quote_that_is_valid():
    desk = Desk()
    heartbeat = spread_signal(kind=Kind.HEARTBEAT, widen_factor=None, reference_mid=None, last_id="SIM:BTC-USD/live/7")
    assert desk.quote(heartbeat, STAMP) is None  # nothing has been said yet
    quote = desk.quote(spread_signal(), STAMP)
    assert desk.quote(heartbeat, STAMP + 1_000_000_000) == quote
    assert desk.quote(heartbeat, STAMP + 3_000_000_000) is None
    assert desk.pulled == {"SIM:BTC-USD": "expired 1.000 s ago"}


def test_pulls_an_expired_quote_and_says_so_once():
    lines: list[str] = []
    run([spread_signal(), spread_signal()], Desk(), 0.0, lines.append)  # its time is long past
    assert len(lines) == 1
    assert "no quote: expired" in lines[0]
