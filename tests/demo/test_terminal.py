"""The same view in a terminal, as text."""

import io

import pytest
from rich.console import Console

from equipoise.streams.demo.terminal import line, screen
from equipoise.streams.web.plot import plot
from equipoise.streams.web.view import Board
from tests.demo.records import START_NS, fee, market, parts, quoted

KEY = "SIM:BTC-USD"
S = 1_000_000_000
DONE = [{"what": "Start", "state": "done", "note": "0.1 s"}]
TOTALS = {
    "lead": "132 orders so far, 41 of them informed.",
    "fixed_note": "always 2.7 bps",
    "fixed_bps": 2.7,
    "fixed": "$12.00",
    "ours": "$4.00",
    "fixed_share": 1.0,
    "ours_share": 0.33,
    "verdict": "So far ours lost 67 % less.",
    "note": "Simulated.",
}


def view_at(seconds: float, simulated: bool = True) -> dict:
    board = Board("simulated market" if simulated else "replay of x", [KEY], simulated)
    for signal in market(seconds):
        board.spread(signal)
    board.fee(fee(650, 300, valid_until_ns=START_NS + 100 * S))
    board.burst(KEY, START_NS + 20 * S, START_NS + 25 * S, up=True)
    board.losses[KEY] = TOTALS
    return board.view(KEY, START_NS + round(seconds * S))


def shown(view: dict, width: int = 120, height: int = 40, steps=DONE) -> str:
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(screen(view, steps, "http://127.0.0.1:8790/", width, height))
    return console.export_text()


def test_everything_is_on_the_screen_and_fits() -> None:
    view = view_at(30)
    for width, height in ((120, 40), (80, 45), (200, 50)):
        text = shown(view, width, height)
        lines = text.splitlines()
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
        for word in (
            view["sentence"][:30],
            "▲ informed",
            "$12.00",
            "$4.00",
            "lost 67 % less",
            "feed age",
            "p99",
            "page:",
        ):
            assert word in text, (word, width)
        assert view["quote"]["mid"] in text


def test_nothing_jumps() -> None:
    heights = {len(shown(view_at(seconds)).splitlines()) for seconds in (0.0, 1.0, 10.0, 24.0, 42.5, 55.0)}
    assert len(heights) == 1


def test_the_chart_has_gaps_where_nothing_was_quoted() -> None:
    drawn = plot(view_at(60), 60, 12)
    assert drawn is not None
    # Signals stop at 40 s and come again at 43.5 s; the last one is valid for 2 s.
    gap = {row[number] for row in drawn.rows for number in (42,)}
    assert gap == {" "}
    assert drawn.regimes[42] == " "
    assert drawn.regimes[24] in "▒▓"
    assert drawn.bursts.index("▲") == 20
    assert all(len(row) == 60 for row in (*drawn.rows, drawn.regimes, drawn.bursts))
    assert plot(view_at(0), 60, 12) is None


def test_ask_is_above_mid_above_bid() -> None:
    drawn = plot(view_at(24.9), 60, 16)
    column = "".join(row[-1] for row in drawn.rows)
    assert column.index("▁") <= column.index("─") <= column.index("▔")


def test_set_up_shows_its_steps() -> None:
    steps = [*DONE, {"what": "Start the worker", "state": "doing", "note": ""}]
    text = shown(view_at(0), steps=steps)
    assert "● Start" in text
    assert "◐ Start the worker" in text
    assert "http://127.0.0.1:8790/" in text


def test_one_line() -> None:
    text = line(view_at(24))
    assert text.startswith("SIM:BTC-USD stressed")
    assert "Lost to informed (simulated): fixed $12.00, ours $4.00." in text
    assert "Lost" not in line(view_at(24, simulated=False))
    assert "no quote" in line(view_at(0))


@pytest.mark.parametrize("score", [-0.7, 0.7])
def test_bars_reach_the_score(score: float) -> None:
    board = Board("x", [KEY], simulated=False)
    board.spread(quoted(score, "STRESSED", components=parts(OFI=score)))
    text = shown(board.view(KEY, START_NS))
    assert ("█" if score > 0 else "▚") in text
