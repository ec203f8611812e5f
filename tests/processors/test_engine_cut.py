"""Cut the input anywhere, with or without dump and load at the cut: the output bytes are the same."""

import os

import numpy as np
import pytest

from equipoise.processors.columns import Events
from equipoise.processors.engine import Engine
from equipoise.schemas.enums import BookSource, Outcome

from .rows import joined, part, table, wild

ROWS = 400 if os.environ.get("NUMBA_DISABLE_JIT") else 1500  # uncompiled rows take a millisecond


def instruments():
    return table(BookSource.L3, BookSource.L2, BookSource.L3, BookSource.BBO)


def run(rows: Events, cuts: list[int], sources: int, reload: bool):
    listed = instruments()
    engine = Engine(listed, sources=sources)
    outputs = []
    for start, stop in zip([0, *cuts], [*cuts, len(rows.offset)], strict=True):
        outputs.append(engine.step(part(rows, start, stop)))
        if reload:
            state = engine.dump()
            engine = Engine(listed, sources=sources)
            engine.load(state)
    return joined(outputs)


@pytest.mark.parametrize("sources", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_cut_anywhere(seed: int, sources: int) -> None:
    rows = wild(seed, ROWS, instruments(), sources)
    whole = run(rows, [], sources, reload=False)
    rng = np.random.default_rng(seed + 1000)
    for reload in (False, True):
        cuts = sorted(rng.choice(np.arange(1, ROWS), ROWS // 40, replace=False).tolist())
        assert run(rows, cuts, sources, reload) == whole


def test_the_wild_market_reaches_every_outcome() -> None:
    engine = Engine(instruments(), sources=2)
    outputs = engine.step(wild(5, 6000, instruments(), 2))
    assert set(outputs.outcome.tolist()) == set(Outcome)
    assert len(outputs.windows) > 50
    assert outputs.signals["revision"].max() > 0
    assert set(outputs.signals["status"].tolist()) >= {0, 1, 2, 3}
