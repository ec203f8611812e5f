"""Measures of the book beside orderflow-metrics, which runs in an environment of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import tests.oracles
from equipoise.processors.measures import ofi_level, resiliency
from tests.measures.agreement import agree
from tests.oracles import elsewhere
from tests.processors.measuring import SECOND, Run

REQUIREMENT = "orderflow-metrics==0.40.0"
MS = 10**6

pytestmark = pytest.mark.xdist_group("orderflow-metrics")


def full_book(rng: np.random.Generator) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Ten levels a side: the package counts 0 for a level that either book lacks, the paper an infinite price."""
    middle = 1000 + int(rng.integers(-1, 2))
    offsets = (np.sort(rng.choice(np.arange(1, 15), 10, replace=False)) for _ in range(2))
    below, above = ([int(offset) for offset in column] for column in offsets)
    sizes = rng.integers(1, 60, 20).tolist()
    return (
        [(middle - offset, size) for offset, size in zip(below, sizes[:10], strict=True)],
        [(middle + offset, size) for offset, size in zip(above, sizes[10:], strict=True)],
    )


def test_multi_level_ofi_and_resiliency_are_the_packages() -> None:
    python = elsewhere.or_skip(REQUIREMENT)
    rng = np.random.default_rng(17)
    books = [full_book(rng) for _ in range(300)]
    depth, series = 900.0, []
    for _ in range(400):
        depth += 0.4 * (1000 - depth) + rng.normal(0, 60)
        series.append(max(1, int(depth)))
    script = Path(tests.oracles.__path__[0]) / "orderflow_metrics_run.py"
    question = json.dumps({"books": books, "series": series})
    done = subprocess.run([python, "-I", script], input=question, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)

    run = Run(ofi_level.MEASURE).group(*books[0])
    for book in books[1:]:
        run.group(*book, after_ns=SECOND).value()  # a window each
    ours = [[one[str(k)][0] for k in range(1, 11)] for one in run.results()]
    agree("ofi_level", "orderflow-metrics 0.40.0 multi_level_ofi", ours, answer["ofi"], allowed=0)

    run = Run(resiliency.MEASURE, half_life=1e9)  # all samples weigh the same
    for size in [*series, series[-1]]:
        run.group([(99, size)], [(101, 5)], after_ns=SECOND)
    run.value()
    # The half-life is long, not infinite, hence no closer.
    agree("resiliency", "orderflow-metrics 0.40.0 mean_reversion_speed", run.last("bid"), answer["speed"], 1e-7)
