"""The one sentence, in every state that a newcomer may meet."""

from dataclasses import replace

import pytest

from equipoise.schemas.enums import Component, Reason
from equipoise.streams.web.reading import NAMES, REASONS, read
from equipoise.streams.web.sentence import ratio, sentence, share_of
from equipoise.streams.web.text import bps
from tests.demo.records import START_NS, parts, quoted, spread


def say(signal, base: float | None = 2.0, after_ns: int = 0) -> str:
    return sentence(read(signal), base, START_NS + after_ns)


def test_buyers_push_the_ask() -> None:
    signal = quoted(0.6, "STRESSED", components=parts(CVD=0.5, OFI=1.2, QUEUE=0.236))
    assert say(signal) == "Buyers outweigh sellers 3:1; ask widened from 2 to 9.2 bps; OFI contributed 62 %."


def test_sellers_push_the_bid() -> None:
    signal = quoted(-0.4, "ELEVATED", components=parts(CVD=-0.75, DEPTH_10=-0.25))
    assert say(signal) == "Sellers outweigh buyers 7:1; bid widened from 2 to 5 bps; volume delta contributed 75 %."


def test_trades_and_orders_may_disagree() -> None:
    text = say(quoted(-0.3, components=parts(CVD=0.2, QUEUE=-0.5)))
    assert text.startswith("Buyers outweigh sellers 1.5:1, yet orders lean to selling; bid widened")
    assert text.endswith("queue imbalance contributed 71 %.")


def test_balance() -> None:
    assert say(spread()) == "Buyers and sellers are even; quotes stay about 2 bps either side."
    assert "about even, yet orders lean to buying" in say(quoted(0.3, components=parts(OFI=0.3)))


def test_no_book_and_the_like() -> None:
    for reason in (Reason.NO_BOOK, Reason.EMPTY_BOOK, Reason.ONE_SIDED, Reason.CROSSED, Reason.SEQUENCE_GAP):
        empty = spread(
            status="DEGRADED", reasons=[reason.name], reference_mid=None, bid_half_spread=None, ask_half_spread=None,
            bid_half_spread_bps=None, ask_half_spread_bps=None,
        )  # fmt: skip
        text = say(empty)
        assert text[1:].startswith(REASONS[reason][1:])
        assert text.endswith("nothing is quoted until that has mended.")


def test_null_components() -> None:
    nothing = parts(**dict.fromkeys((c.name for c in Component), None))
    text = say(spread(components=nothing, reasons=["NO_TRADES"]))
    assert text == "No measure can be computed yet (no trades yet); quotes stay about 2 bps either side."
    some = say(quoted(0.3, components=parts(CVD=None, QUEUE=0.3)))
    assert some.startswith("No trades yet, and the book leans to buying; ask widened")
    assert say(spread(components=parts(CVD=None))).startswith("No trades yet, and the book is balanced; quotes stay")


def test_warming() -> None:
    components = parts(CVD=0.5)
    components[Component.OFI] |= {"effective_weight": 0.43}
    text = say(quoted(0.1, status="WARMING", reasons=["WARMING"], components=components))
    assert text.endswith("Still warming up: 43 % of the memory is filled.")


def test_degraded_names_the_reason() -> None:
    text = say(spread(status="DEGRADED", reasons=["MERGE_TIMEOUT"], bid_half_spread_bps=4.0, ask_half_spread_bps=4.0))
    assert text == (
        "Buyers and sellers are even; both quotes widened from 2 to 4 bps. "
        "Quotes are widened for safety: one of the topics came late."
    )


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        ("MAX_HALF_SPREAD", "the largest allowed half-spread of 50 bps holds"),
        ("MIN_HALF_SPREAD", "the smallest allowed half-spread holds"),
        ("MAX_SKEW", "the skew is held at its bound"),
    ],
)
def test_caps(cap: str, words: str) -> None:
    assert words in say(quoted(0.2, binding_cap=cap) if cap != "MAX_HALF_SPREAD" else capped())


def capped():
    return spread(score=0.9, binding_cap="MAX_HALF_SPREAD", ask_half_spread_bps=50.0, components=parts(OFI=0.9))


def test_halted_closed_expired_and_nothing() -> None:
    assert say(spread(status="HALTED", reasons=["HALTED"])).startswith("The venue is halted: nothing is quoted")
    assert say(spread(status="CLOSED", reasons=["CLOSED"])).startswith("The venue is closed: nothing is quoted")
    assert say(spread(), after_ns=5_200_000_000) == (
        "The last quote expired 3.2 s ago and no signal has come since: nothing is quoted."
    )
    assert sentence(None, None, START_NS) == "Waiting for the first signal."
    assert sentence(read(spread()), 2.0, START_NS + 5_200_000_000, flowing=True).startswith("The worker is catching up")
    late = replace(spread(), catching_up=True)
    assert say(late, after_ns=5_200_000_000) == (
        "The worker is catching up, 5.2 s behind: nothing is quoted until it is there."
    )


def test_an_unknown_base_is_not_invented() -> None:
    assert "bid 2 and ask 2 bps from the mid" in say(spread(), base=None)


def test_one_quote_may_come_nearer() -> None:
    text = say(spread(bid_half_spread_bps=1.0, ask_half_spread_bps=2.0, score=0.1, components=parts(OFI=0.1)))
    assert "ask stays at 2 bps, bid narrowed from 2 to 1 bps" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "3:1"), (-0.5, "3:1"), (0.2, "1.5:1"), (1 / 3, "2:1"), (0.8, "9:1"), (1.0, "more than 10:1")],
)
def test_ratio(value: float, text: str) -> None:
    assert ratio(value) == text


def test_bps() -> None:
    assert [bps(v) for v in (2.0, 2.04, 4.55, 123.4, None)] == ["2", "2", "4.5", "123", "–"]


def test_shares_are_of_all_contributions_by_size() -> None:
    reading = read(quoted(0.1, components=parts(OFI=0.3, CVD=-0.2)))
    shares = [share_of(part, reading) for part in reading.parts]
    assert sum(shares) == pytest.approx(1)
    assert shares[Component.OFI] == pytest.approx(0.6)
    assert share_of(reading.parts[0], read(spread())) == 0.0


def test_every_word_that_may_be_needed_exists() -> None:
    assert NAMES.keys() == set(Component)
    assert REASONS.keys() == set(Reason) - {Reason.NONE}
