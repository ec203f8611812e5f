"""docs/measures.md says what the registry says, and nothing else."""

from equipoise.processors.measures.registry import CORE, OURS
from equipoise.streams import measure_page
from equipoise.streams.measures import installed
from tests.project.layout import ROOT


def test_the_page_is_current() -> None:
    costs = measure_page.read_costs(ROOT / "benchmarks/measures.json")
    assert (ROOT / "docs/measures.md").read_text() == measure_page.page(costs), (
        "run: python -m equipoise.streams.measure_page benchmarks/measures.json > docs/measures.md"
    )


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
