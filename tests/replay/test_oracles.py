"""The oracles themselves: hand-worked figures, and what the recordings' notes say of them."""

from pathlib import Path

import polars as pl
import pytest

from tests.oracles import binance, bitstamp, compare, databento, lobster
from tests.oracles.flow import ofi_events, ofi_per_window, volume_per_window
from tests.oracles.tape import Tape, units


def tape_of(*bests: tuple[int | None, int, int | None, int]) -> pl.DataFrame:
    tape = Tape()
    for record, best in enumerate(bests):
        tape.quote(record, record * 400_000_000, best)
    return tape.quote_frame()


def test_ofi_by_hand() -> None:
    quotes = tape_of(
        (100, 10, 102, 20),
        (100, 14, 102, 20),  # bid grows by 4: +4
        (101, 5, 102, 20),  # bid moves up: +5
        (101, 5, 101, 7),  # ask comes down: -7
        (101, 5, 103, 9),  # ask goes up: the 7 before it left: +7
        (99, 3, 103, 9),  # bid goes down: the 5 before it left: -5
    )
    assert ofi_events(quotes)["ofi"].to_list() == [4, 5, -7, 7, -5]
    windows = ofi_per_window(quotes)
    assert windows.rows() == [(0, 9, 9), (10**9, 0, 14), (2 * 10**9, -5, 5)]


def test_ofi_of_an_empty_side() -> None:
    quotes = tape_of((None, 0, 102, 20), (100, 8, 102, 20), (None, 0, 102, 20), (None, 0, None, 0))
    assert ofi_events(quotes)["ofi"].to_list() == [8, -8, 20]


def test_ofi_changes_sign_when_the_sides_are_swapped() -> None:
    bests = [(100, 10, 102, 20), (101, 4, 102, 25), (99, 7, 103, 2)]
    mirrored = [(-ask, ask_qty, -bid, bid_qty) for bid, bid_qty, ask, ask_qty in bests]
    straight = ofi_events(tape_of(*bests))["ofi"].to_list()
    assert ofi_events(tape_of(*mirrored))["ofi"].to_list() == [-value for value in straight]
    assert any(straight)


def test_volume_by_hand() -> None:
    tape = Tape()
    for record, (sign, quantity) in enumerate([(1, 5), (-1, 3), (0, 2), (1, 7)]):
        tape.trade(record, record * 400_000_000, sign, quantity, 100)
    assert volume_per_window(tape.trade_frame()).rows() == [(0, 3, 5, 3, 2), (10**9, 1, 7, 0, 0)]


@pytest.mark.parametrize(("text", "size", "count"), [("61800.20", "0.10", 618002), ("-1.5", "0.5", -3), ("7", "1", 7)])
def test_units(text: str, size: str, count: int) -> None:
    assert units(text, size) == count


def test_units_refuse_what_is_off_the_grid() -> None:
    with pytest.raises(ValueError, match=r"0\.015 is not a multiple of 0\.01"):
        units("0.015", "0.01")


@pytest.mark.recorded
def test_amzn_is_as_its_notes_say(shared_data: Path) -> None:
    tape, kinds = lobster.amzn(shared_data / "lobster-amzn-l1")
    assert kinds == {1: 27_845, 2: 16, 3: 18_235, 4: 8_974, 5: 2_445}
    assert int(tape.trade_frame()["quantity"].sum()) == 810_755
    quotes = tape.quote_frame()
    assert bool((quotes["ask_px"] > quotes["bid_px"]).all())


@pytest.mark.recorded
def test_the_plain_books_agree_with_the_outside_answers(shared_data: Path) -> None:
    aapl = shared_data / "lobster-aapl-l10-998rows"
    assert compare.compare_aapl(lobster.aapl(aapl)[0].quote_frame(), aapl) == {
        compare.AGREE: 954,
        compare.UNEXPLAINED: 0,
        compare.UNMESSAGED: 44,
    }
    arl = shared_data / "databento-arl-mbo"
    causes = compare.compare_databento(databento.replay(arl / "mbo.csv")[0].quote_frame(), arl)
    assert causes == {
        compare.AGREE: 3_880,
        compare.UNEXPLAINED: 0,
        compare.INSIDE_GROUP: 16,
        compare.SHARED_SEQUENCE: 32,  # the other 3,896 are what the recording's notes promise
    }
    log = shared_data / "bitstamp-l3-obanalytics" / "2015-05-01.log.xz"
    causes = compare.compare_bitstamp(bitstamp.replay(log)[0].quote_frame(), log)
    assert (causes[compare.AGREE], causes[compare.UNEXPLAINED], sum(causes.values())) == (4_951, 0, 5_011)


@pytest.mark.recorded
@pytest.mark.parametrize("name", sorted(binance.CONTRACTS))
def test_the_plain_binance_book_is_the_ticker(shared_data: Path, name: str) -> None:
    replay = binance.Replay(shared_data / "binance-hftbacktest", binance.CONTRACTS[name])
    causes = compare.compare_binance(replay.tape.quote_frame(), replay)
    assert replay.gaps == 0
    assert causes[compare.UNEXPLAINED] == 0
    assert causes[compare.AGREE] > 6_500
    assert sum(causes.values()) == causes[compare.AGREE]


@pytest.mark.recorded
def test_a_wrong_book_is_not_explained_away(shared_data: Path) -> None:
    """A comparison that can't fail is none: shifting the bid by a tick must show as unexplained."""
    arl = shared_data / "databento-arl-mbo"
    wrong = databento.replay(arl / "mbo.csv")[0].quote_frame().with_columns(pl.col("bid_px") + 1)
    assert compare.compare_databento(wrong, arl)[compare.UNEXPLAINED] > 2_000
    aapl = shared_data / "lobster-aapl-l10-998rows"
    wrong = lobster.aapl(aapl)[0].quote_frame().with_columns(pl.col("ask_qty") + 1)
    assert compare.compare_aapl(wrong, aapl)[compare.UNEXPLAINED] > 900
