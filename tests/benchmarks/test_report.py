"""Tables say what was measured, what was not, and what failed."""

import xml.etree.ElementTree as ET

import pytest

from benchmarks import report
from benchmarks.plots import draw


def figure(median, unit="records/s", **more):
    return {"unit": unit, "median": median, "min": median, "max": median, "runs": [median] * 3, **more}


FIGURES = {
    "faust-agent": figure(8_000.0),
    "faust-agent-cpu": figure(100.0),
    "equipoise-all": figure(900_000.0),
    "equipoise-all-cpu": figure(1.1),
    "flink": {"unit": "records/s", "median": None, "min": None, "max": None, "runs": [], "error": "no javac"},
    "flink-cpu": {"unit": "s", "median": None, "min": None, "max": None, "runs": [], "error": "no javac"},
    "plain-java": figure(3_000_000.0),
    "plain-java-cpu": figure(0.3),
    "plain-java@lz4": figure(2_000_000.0),
    "plain-java@lz4-cpu": figure(0.4),
    "decision-latency-p99": figure(700.0, "µs"),
}


@pytest.fixture(autouse=True)
def _ours(monkeypatch):
    """A title for what may not be among the contestants yet."""
    from benchmarks.contestants import CONTESTANTS, Contestant

    both = {**CONTESTANTS, "equipoise-all": Contestant("equipoise-all", "ours", list)}
    monkeypatch.setattr(report, "CONTESTANTS", both)
    monkeypatch.setattr("benchmarks.plots.CONTESTANTS", both)


def test_ours_is_first_and_what_failed_last():
    assert report.ordered(FIGURES) == ["equipoise-all", "plain-java", "faust-agent", "flink"]
    table = list(report.comparison(FIGURES))
    assert "900 (900–900)" in table[2]
    assert "failed" in table[-1]


def test_targets_are_judged():
    rows = {row.split("|")[1].strip(): row for row in report.targets(FIGURES)}
    assert "0.9" in rows["everything on"] or "900" in rows["everything on"]
    assert rows["everything on"].endswith("**no** |")
    assert rows["everything on, beside Faust's equal work (agent)"].endswith("| 112 × | yes |")
    assert rows["decision latency at 10,000 orders/s, p99"].endswith("| 700 µs | yes |")
    assert "not measured" in rows["equal work, beside Flink"]


def test_rates_by_codec_leave_out_what_was_not_measured():
    (_, _, java) = report.matrix(FIGURES, "codec", ("", "@lz4", "@zstd"))
    assert java == "| plain Java loop, default fetch | 3,000 (0.30) | 2,000 (0.40) | – |"


def test_what_is_no_contestant_is_listed_apart():
    assert [row.split("|")[1].strip() for row in report.others(FIGURES)][2:] == ["`decision-latency-p99`"]
    assert list(report.failures(FIGURES)) == ["- `flink` failed: no javac"]


def test_tables_go_between_their_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n")
    report.fill(page, "bench", "new | \\1")
    assert page.read_text() == "a\n<!-- bench -->\nnew | \\1\n<!-- /bench -->\nb\n"
    with pytest.raises(ValueError, match="0 pairs"):
        report.fill(page, "other", "new")


def test_the_plot_is_the_same_each_time(tmp_path):
    names = report.ordered(FIGURES)
    pictures = []
    for _ in range(2):
        draw(FIGURES, names, tmp_path)
        pictures.append((tmp_path / "bench.svg").read_bytes())
    assert pictures[0] == pictures[1]
    assert "plain Java loop, default fetch" in "".join(ET.fromstring(pictures[0]).itertext())
