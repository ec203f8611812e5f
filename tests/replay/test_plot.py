"""The picture and the numbers in it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from equipoise.processors.measures import footprint, resiliency
from equipoise.processors.measures.registry import OURS
from equipoise.streams.replay.looks import PAPER, style
from equipoise.streams.replay.moves import moves
from equipoise.streams.replay.plot import View, draw, draw_signed, picture
from equipoise.streams.replay.plot_measures import draw_measures
from equipoise.streams.replay.plot_measures import page as measure_page
from equipoise.streams.replay.series import (
    NothingToDrawError,
    instruments,
    live_series,
    measure_series,
    spans,
    window_series,
)
from tests.replay.published import START_NS, spread_record, window_record, write_tables

KEY = "TEST:ABC"


def test_lines_break_at_nulls_and_where_validity_ended(tmp_path: Path) -> None:
    spreads = [spread_record(n, reference_mid=None if n == 2 else 10_000.0) for n in (0, 1, 2, 3, 40, 41)]
    write_tables(tmp_path, spreads, [])
    live = live_series(tmp_path, KEY)
    stamps, mid = live.line(live.mid)
    tenths = (stamps - START_NS) // 100_000_000
    known = ~np.isnan(mid)
    # 3 holds to the end of its validity (23), then nothing until 40
    assert tenths.tolist() == [0, 1, 2, 3, 23, 23, 40, 41]
    assert known.tolist() == [True, True, False, True, True, False, True, True]
    assert live.silences() == [(START_NS + 2_300_000_000, START_NS + 4_000_000_000)]


def test_spans_end_with_validity() -> None:
    as_of = np.array([0, 10, 20, 100, 110], np.int64)
    found = spans(as_of, as_of + 30, ["CALM", "ELEVATED", "ELEVATED", "ELEVATED", "CALM"])
    assert found.of("ELEVATED") == [(10, 50), (100, 110)]
    assert found.of("CALM") == [(0, 10), (110, 140)]
    assert spans(as_of[:0], as_of[:0], []).of("CALM") == []


def test_moves_are_counted_and_signed_by_the_score(tmp_path: Path) -> None:
    def mid(n: int) -> float:
        return 10_000.0 if n < 11 else 10_001.0 if n < 20 else 10_010.0

    spreads = [
        spread_record(n, regime="ELEVATED" if n >= 10 else "CALM", score=0.5 if n >= 10 else 0.1, reference_mid=mid(n))
        for n in range(60)
    ]
    spreads += [spread_record(60, regime="STRESSED", score=-0.8, reference_mid=10_010.0)]
    spreads += [spread_record(61, regime="STRESSED", score=-0.8, reference_mid=10_000.0)]
    write_tables(tmp_path, spreads, [])
    by = {(row.regime, row.horizon_ns): row for row in moves(live_series(tmp_path, KEY))}
    assert by["ELEVATED", 100_000_000].bps.tolist() == pytest.approx([1.0])
    assert by["ELEVATED", 1_000_000_000].bps.tolist() == pytest.approx([10.0])
    stressed = by["STRESSED", 100_000_000]
    assert stressed.bps.tolist() == pytest.approx([10 / 10_010 * 1e4])  # down, as the score said
    late = by["STRESSED", 10_000_000_000]
    assert (late.entries, len(late.bps), late.unknown) == (1, 0, 1)  # nothing valid ten seconds on
    assert by["HALT", 100_000_000].entries == 0


def test_entries_while_warming_up_do_not_count(tmp_path: Path) -> None:
    spreads = [
        spread_record(n, regime="ELEVATED" if n % 2 else "CALM", status="WARMING" if n < 5 else "OK") for n in range(10)
    ]
    write_tables(tmp_path, spreads, [])
    elevated = next(row for row in moves(live_series(tmp_path, KEY)) if row.regime == "ELEVATED")
    assert elevated.entries == 3  # at 5, 7 and 9; those at 1 and 3 were warming up


def test_only_the_last_revision_of_a_window_counts(tmp_path: Path) -> None:
    windows = [window_record(0), window_record(1), window_record(0, revision=1, buy_volume=9)]
    write_tables(tmp_path, [spread_record(0)], windows)
    assert window_series(tmp_path, KEY).delta.tolist() == [7.0, 5.0]


def test_draws_paper_and_dark(tmp_path: Path) -> None:
    spreads = [
        spread_record(n, regime="STRESSED" if 30 < n < 50 else "CALM", status="DEGRADED" if n > 90 else "OK")
        for n in range(100)
    ]
    write_tables(tmp_path, spreads, [window_record(n) for n in range(10)])
    names = {path.name for path in draw(tmp_path, KEY)}
    assert names == {f"plot-test-abc{look}.{kind}" for look in ("", "-dark") for kind in ("png", "svg")}
    for path in tmp_path.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    assert ET.parse(tmp_path / "plot-test-abc.svg").getroot().tag.endswith("svg")


def measured(value: float | None) -> list[dict[str, object]]:
    names = ("queue_move_lean", "queue_move_slope", "queue_move_moves", "resiliency_bid", "resiliency_ask")
    known = [{"name": name, "value": value, "reason": "NONE" if value is not None else "WARMING"} for name in names[:4]]
    return [*known, {"name": names[4], "value": None, "reason": "WARMING"}]


def test_draws_a_page_for_each_measure_that_was_on(tmp_path: Path) -> None:
    windows = [window_record(n, measures=measured(None if n == 2 else n / 10)) for n in range(10)]
    windows.append(window_record(4, revision=1, measures=measured(0.9)))
    write_tables(tmp_path, [spread_record(n) for n in range(100)], windows)
    ends, values = measure_series(tmp_path, KEY)
    assert len(ends) == 10
    np.testing.assert_array_equal(values["resiliency_bid"], [0, 0.1, np.nan, 0.3, 0.9, 0.5, 0.6, 0.7, 0.8, 0.9])
    names = {path.name for path in draw_measures(tmp_path, KEY)}
    assert names == {
        f"plot-test-abc-{name}{look}.png" for name in ("queue-move", "resiliency") for look in ("", "-dark")
    }
    view = View(live_series(tmp_path, KEY), window_series(tmp_path, KEY))
    page = measure_page(view, resiliency.MEASURE, ends, values, KEY, PAPER)
    titles = [axes.get_title(loc="left") + axes.get_title() for axes in page.axes]
    assert "never known in this recording: resiliency_ask" in titles[0]
    assert len(page.axes) == 3


def test_no_title_runs_off_a_page(tmp_path: Path) -> None:
    for measure in OURS:
        known, *never = [measure.output_name(output) for output in measure.outputs]
        cells = [{"name": known, "value": 0.5, "reason": "NONE"}]
        cells += [{"name": name, "value": None, "reason": "WARMING"} for name in never]
        write_tables(tmp_path, [spread_record(n) for n in range(9)], [window_record(n, measures=cells) for n in (0, 1)])
        view = View(live_series(tmp_path, KEY), window_series(tmp_path, KEY))
        ends, values = measure_series(tmp_path, KEY)
        with mpl.rc_context(style(PAPER)):
            page = measure_page(view, measure, ends, values, KEY, PAPER)
            page.canvas.draw()
            for axes in page.axes:
                for text in axes.findobj(Text, include_self=False):
                    assert text.get_window_extent().x1 <= page.bbox.x1, (measure.name, text.get_text())


def test_a_value_before_a_hole_is_filled_up_to_the_next_point() -> None:
    axes = Figure().add_subplot()
    nan = float("nan")
    draw_signed(axes, np.arange(5.0), np.array([0.5, nan, -0.5, nan, nan]), PAPER, 1.0)
    buys, sells = (collection.get_paths() for collection in axes.collections)
    filled = [
        [(path.get_extents().x0, path.get_extents().x1) for path in paths if path.get_extents().height]
        for paths in (buys, sells)
    ]
    assert filled == [[(0.0, 1.0)], [(2.0, 3.0)]]


def test_a_price_in_ticks_is_written_out_where_three_digits_would_be_the_same(tmp_path: Path) -> None:
    """A point of control near 268,000 ticks was labelled "268 k" at every tick of the axis."""
    cells = [{"name": "footprint_point_of_control", "value": 268_000.0 + n, "reason": "NONE"} for n in range(10)]
    write_tables(
        tmp_path, [spread_record(n) for n in range(100)], [window_record(n, measures=[cells[n]]) for n in range(10)]
    )
    ends, values = measure_series(tmp_path, KEY)
    view = View(live_series(tmp_path, KEY), window_series(tmp_path, KEY))
    page = measure_page(view, footprint.MEASURE, ends, values, KEY, PAPER)
    page.canvas.draw()
    labels = [label.get_text() for label in page.axes[1].get_yticklabels()]
    assert "268,000" in labels
    assert len(set(labels)) == len(labels)


def test_the_dates_of_a_recording_over_midnight_are_in_the_label(tmp_path: Path) -> None:
    day = 86_400 * 10**9
    shift = {"as_of_ns": START_NS + day, "valid_until_ns": START_NS + day + 10**9}
    write_tables(tmp_path, [spread_record(0), spread_record(1, **shift)], [])
    view = View(live_series(tmp_path, KEY), window_series(tmp_path, KEY))
    figure = picture(view.live, view.windows, KEY, PAPER)
    labels = {axes.get_xlabel() for axes in figure.axes}
    first = np.datetime64(START_NS, "ns").astype("datetime64[D]")
    assert f"event time, UTC, {first} to {first + 1}" in labels


def test_draws_without_windows_or_mids(tmp_path: Path) -> None:
    write_tables(tmp_path, [spread_record(n, reference_mid=None, score=None) for n in range(5)], [])
    assert len(draw(tmp_path, KEY)) == 4


def test_an_instrument_without_signals_is_named(tmp_path: Path) -> None:
    write_tables(tmp_path, [spread_record(0)], [])
    assert instruments(tmp_path) == [KEY]
    with pytest.raises(NothingToDrawError, match="no live spread signal of TEST:XYZ"):
        live_series(tmp_path, "TEST:XYZ")
