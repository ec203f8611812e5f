"""docs/measures.md says what the registry says, and nothing else."""

import numpy as np
import pytest

from equipoise.processors.measures.registry import CORE, OURS
from equipoise.streams import measure_page, measures
from equipoise.streams.measures import installed
from tests.measures import agreement
from tests.project.layout import ROOT


def test_the_page_is_current() -> None:
    costs = measure_page.read_costs(ROOT / "benchmarks/measures.json")
    page = measure_page.page(costs, measure_page.read_agreements(agreement.KEPT))
    assert (ROOT / "docs/measures.md").read_text() == page, "see the page's head for the command"


def test_every_measure_has_been_compared_and_agrees() -> None:
    kept = agreement.kept()
    assert {row.measure for row in kept} == {measure.name for measure in (*CORE, *OURS)}
    for row in kept:
        assert row.values > 0, row
        assert row.difference <= row.allowed, row


def test_a_difference_is_seen() -> None:
    agreement.agree("nothing", "itself", [1.0, np.nan, 0.0], [1.0 + 1e-12, np.nan, 0.0])
    assert agreement.noted.pop(("nothing", "itself")).difference == pytest.approx(1e-12, rel=1e-3)
    for found, allowed in (([1.0 + 1e-8, 2.0], 1e-9), ([1.0, 3.0], 0.0), ([1.0, np.nan], 1.0), ([1.0], 1.0)):
        with pytest.raises(AssertionError):
            agreement.agree("nothing", "something", found, [1.0, 2.0], allowed)
    agreement.noted.pop(("nothing", "something"))


def test_every_measure_has_a_cost() -> None:
    costs = measure_page.read_costs(ROOT / "benchmarks/measures.json")
    names = {f"measure-{measure.name}" for measure in OURS}
    assert costs.keys() == names | {"engine-alone", "measures-all"}


def test_published_names_are_all_different() -> None:
    names = [measure.output_name(output) for measure in (*CORE, *OURS) for output in measure.outputs]
    assert len(set(names)) == len(names)
    assert list(installed())[: len(OURS)] == [measure.name for measure in OURS]


def test_what_has_no_outside_answer_weighs_nothing() -> None:
    for measure in (*CORE, *OURS):
        assert measure.answer or not any(output.weight for output in measure.outputs), measure.name


class _Broken:
    name, value = "streak", "streak:MEASURE"

    def load(self) -> None:
        raise AttributeError("module 'streak' has no attribute 'MEASURE'")


def test_a_package_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "entry_points", lambda group: [_Broken()])
    with pytest.raises(ValueError, match=r"streak = streak:MEASURE: AttributeError: .* mend or uninstall that package"):
        measures.installed.__wrapped__()
