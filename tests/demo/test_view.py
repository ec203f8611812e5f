"""The view model: what the terminal and the page both show."""

import json

import pytest

from equipoise.streams.web.foot import Foot
from equipoise.streams.web.history import History
from equipoise.streams.web.reading import read
from equipoise.streams.web.text import clock_text
from equipoise.streams.web.view import Board
from tests.demo.records import START_NS, fee, market, parts, quoted, spread

KEY = "SIM:BTC-USD"
S = 1_000_000_000


def board_at(seconds: float) -> Board:
    board = Board("simulated market", [KEY, "SIM:ETH-USD"])
    for signal in market(seconds):
        board.spread(signal)
    return board


def test_numbers_are_texts_made_once() -> None:
    view = board_at(23.1).view(KEY, START_NS + 23 * S)
    quote = view["quote"]
    last = read(market(23.1)[-1])
    assert quote["mid"] == f"{last.mid:,.1f}"
    assert quote["ask"] == f"{last.ask:,.1f}"
    assert view["regime"] == "STRESSED"
    assert quote["base_bps"] == "2"
    assert quote["ask_bps"] in view["sentence"]
    json.dumps(view, allow_nan=False)


def test_contributions_sum_to_the_score() -> None:
    view = board_at(23.1).view(KEY, START_NS + 23 * S)
    total = sum(part["contribution"] or 0.0 for part in view["components"])
    assert f"{total:+.2f}" == view["quote"]["score"]
    pending = view["components"][-1]
    assert pending["contribution"] is None
    assert pending["reason"] == "no trades yet"
    assert pending["contribution_text"] == "–"


def test_nothing_old_is_shown_as_new() -> None:
    board = board_at(10)
    board.fee(fee(650, 300))
    fresh = board.view(KEY, START_NS + 10 * S)
    stale = board.view(KEY, START_NS + 13 * S)
    assert fresh["quote"]
    assert stale["quote"] is None
    assert stale["status"] == "STALE"
    assert stale["fees"] is None
    assert stale["components"] == []
    assert "expired" in stale["sentence"]
    assert stale["instruments"][0]["mid"] == "–"


def test_before_anything_came() -> None:
    view = Board("x", [KEY]).view(KEY, START_NS)
    assert (view["status"], view["quote"], view["points"]) == ("WAITING", None, [])
    assert view["sentence"] == "Waiting for the first signal."
    empty = Board("x")
    assert empty.view("", START_NS)["instrument"] == ""
    empty.spread(spread())
    assert empty.view("", START_NS)["instrument"] == KEY  # looking at nothing made nothing


def test_fees_are_basis_points() -> None:
    board = board_at(1)
    board.fee(fee(650, 300))
    board.fee(fee(999, 999, kind="FINAL"))
    assert board.view(KEY, START_NS + S)["fees"] == {"buy": "6.5", "sell": "3.0", "surcharge": "0.0", "rebate": "0.0"}
    board.fee(fee(None, None))
    assert board.view(KEY, START_NS + S)["fees"]["buy"] == "–"


def test_finals_and_heartbeats_do_not_move_the_quote() -> None:
    board = board_at(1)
    before = board.view(KEY, START_NS + S)["quote"]
    board.spread(quoted(0.9, "HALT", kind="FINAL", as_of_ns=START_NS + S))
    heartbeat = {"reference_mid": None, "score": None, "components": [], "bid_half_spread": None}
    board.spread(spread(kind="HEARTBEAT", as_of_ns=START_NS + S, **heartbeat))
    board.spread(quoted(0.9, as_of_ns=START_NS))  # older than what is shown
    view = board.view(KEY, START_NS + 2 * S)
    assert view["quote"] == before
    assert [row["kind"] for row in view["signals"][:3]] == ["live", "heartbeat", "final"]


def test_a_sentence_can_be_read_before_it_changes() -> None:
    board = Board("x", [KEY])
    board.spread(quoted(0.1, components=parts(CVD=0.5, OFI=0.1)))
    first, score = (board.view(KEY, START_NS)[name] for name in ("sentence", "quote"))
    board.spread(quoted(0.2, components=parts(CVD=0.6, OFI=0.1), as_of_ns=START_NS + S // 10))
    soon = board.view(KEY, START_NS + S // 10)
    assert (soon["sentence"], soon["quote"]) == (first, score)
    assert board.view(KEY, START_NS + S)["sentence"] != first
    board.spread(quoted(0.7, "STRESSED", as_of_ns=START_NS + 11 * S // 10))
    assert "9.2" not in first
    assert board.view(KEY, START_NS + 11 * S // 10)["sentence"] != first  # a regime change is said at once


def test_losses_are_for_simulated_markets_alone() -> None:
    for simulated in (True, False):
        board = Board("x", [KEY], simulated)
        board.losses[KEY] = {"fixed": "$1", "fixed_bps": 3.1}
        view = board.view(KEY, START_NS)
        assert (view["losses"] is not None) == simulated
        assert view["fixed"] == {
            "bps": 3.1 if simulated else None,
            "name": "the fixed spread" if simulated else "our spread when calm",
        }


def test_bursts_leave_with_the_chart() -> None:
    board = Board("x", [KEY])
    board.burst(KEY, START_NS, START_NS + 3 * S, up=True)
    assert board.view(KEY, START_NS + S)["bursts"] == [
        {"from": START_NS // 10**6, "to": START_NS // 10**6 + 3000, "up": True}
    ]
    assert board.view(KEY, START_NS + 64 * S)["bursts"] == []


def test_other_instruments_are_listed_and_unknown_ones_are_not_made() -> None:
    board = board_at(1)
    view = board.view("NO:SUCH", START_NS)
    assert view["instrument"] == KEY
    assert [row["key"] for row in view["instruments"]] == [KEY, "SIM:ETH-USD"]


def test_history_numbers_points_and_resends_the_newest() -> None:
    history = History()
    signals = [read(signal) for signal in market(3)]
    for reading in signals[:10]:
        history.add(reading)
    number, points = history.since(0, START_NS // 10**6 + 1000)
    assert (number, len(points)) == (9, 10)
    for reading in signals[10:20]:
        history.add(reading)
    assert [p[0] for p in history.since(number, START_NS // 10**6 + 2000)[1]] == [
        START_NS // 10**6 + 100 * k for k in range(9, 20)
    ]


def test_history_is_bounded_and_keeps_the_widest_of_a_step() -> None:
    history = History()
    for signal in market(100):
        history.add(read(signal))
    clock = START_NS // 10**6 + 100_000
    assert 500 < len(history.all(clock)) <= 602
    wide = History()
    for score, regime in ((0.1, "CALM"), (0.8, "STRESSED"), (0.1, "CALM")):
        wide.add(read(quoted(score, regime)))
    assert wide.all(START_NS // 10**6)[0][5] == 2
    wide.add(read(spread(reference_mid=None)))
    assert wide.all(START_NS // 10**6)[0][2:5] == (None, None, None)  # a quote that is gone is gone


def test_foot() -> None:
    foot = Foot()
    assert foot.view(START_NS)["p99"] == "–"
    for i in range(100):
        foot.read(i / 10, i * 300)
        foot.latency(i / 10, float(i))
    foot.event(START_NS - 40_000_000)
    foot.event(START_NS - 90_000_000)
    view = foot.view(START_NS)
    assert (view["age"], view["rate"], view["p99"], view["stale"]) == ("40 ms", "3,000", "99 ms", False)
    assert foot.percentile(0.0) == 49.0  # of the last five seconds
    assert foot.percentile(0.5, None) == 50.0
    assert foot.age_ms(START_NS - S) == 0.0
    assert foot.view(START_NS + 3 * S)["stale"]


@pytest.mark.parametrize(("ns", "text"), [(START_NS, "00:00:00.000"), (START_NS + 3_723_004_000_000, "01:02:03.004")])
def test_clock(ns: int, text: str) -> None:
    assert clock_text(ns) == text


def test_a_stream_that_comes_late_is_not_called_silent() -> None:
    board = Board("x", [KEY])
    board.spread(spread(), START_NS + 3 * S)
    assert "catching up, 3.5 s behind" in board.view(KEY, START_NS + 35 * S // 10)["sentence"]
    assert "no signal has come since" in board.view(KEY, START_NS + 5 * S)["sentence"]
