"""Recordings through the engine, against answers that were not input and against plain arithmetic."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.measures.agreement import agree
from tests.oracles import compare, lobster, windows
from tests.replay.conftest import Ran
from tests.replay.recorded import RECORDED

# One xdist worker for all: each recording is run once.
pytestmark = [pytest.mark.recorded, pytest.mark.xdist_group("replay-recorded")]
Run = Callable[[str], Ran]

# The figures of docs/recorded-books.md.
EXPECTED = {
    "amzn": {compare.AGREE: 57_515, compare.UNEXPLAINED: 0},
    "aapl": {compare.AGREE: 954, compare.UNEXPLAINED: 0, compare.UNMESSAGED: 44},
    "arl": {
        compare.AGREE: 3_880,
        compare.UNEXPLAINED: 0,
        compare.INSIDE_GROUP: 16,
        compare.SHARED_SEQUENCE: 32,
    },
    "bitstamp": {
        compare.AGREE: 4_951,
        compare.UNEXPLAINED: 0,
        compare.BEFORE_RECORDING: 51,
        compare.NEVER_MENTIONED: 4,
        compare.EARLIER_MOMENT: 5,
    },
    "usdm-btcusdt": {compare.AGREE: 6_546, compare.UNEXPLAINED: 0},
    "usdm-ethusdt": {compare.AGREE: 6_580, compare.UNEXPLAINED: 0},
    "cm-btcusd_perp": {compare.AGREE: 26_823, compare.UNEXPLAINED: 0},
    "cm-ethusd_perp": {compare.AGREE: 22_886, compare.UNEXPLAINED: 0},
}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_the_book_is_the_outside_answer(ran: Run, name: str) -> None:
    assert ran(name).causes == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_windows_are_the_plain_sums(ran: Run, name: str) -> None:
    folder, summary, tape, _ = ran(name)
    compared = windows.beside(folder, tape)
    assert len(compared) > 40
    assert int((compared["ofi"] != 0).sum()) > 20
    assert int(compared["trades"].sum()) > 40
    for figure in (*windows.OURS, "trades"):
        measure = "ofi" if figure.startswith("ofi") else "cvd"
        plain = f"{'flow' if measure == 'ofi' else 'volume'} per second of eight recordings, in polars"
        agree(measure, plain, compared[figure], compared[f"{figure}_plain"], allowed=0)
    assert summary["windows"] >= len(windows.last_revisions(folder))


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_every_record_has_one_outcome(ran: Run, name: str) -> None:
    folder, summary, _, _ = ran(name)
    parts = ("used", "late", "flagged", "dead_lettered")
    assert summary["records_in"] == sum(summary[part] for part in parts)
    assert len((folder / "dead-letters.jsonl").read_text().splitlines()) == summary["dead_lettered"]


def test_amzn_event_types_have_the_outcomes_they_must(shared_data: Path, ran: Run) -> None:
    """Rows of the book and executions (types 4 and 5) are used; types 1 to 3 say nothing that the book does not."""
    summary = ran("amzn").summary
    _, kinds = lobster.amzn(shared_data / "lobster-amzn-l1")
    rows = sum(kinds.values())
    assert summary["records_in"] == 2 * rows
    assert summary["used"] == rows + kinds[4] + kinds[5]
    assert summary["causes"] == {"OTHER_BOOK_SOURCE": kinds[1] + kinds[2] + kinds[3]}
